import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export const dayMs = 86_400_000;
export const { digitalSignature, keyCertSign, cRLSign, keyEncipherment } = x509.KeyUsageFlags;

/** By its DER value in hex. */
export const extension = (id: string, critical: boolean, value: string): x509.Extension =>
  new x509.Extension(id, critical, Buffer.from(value, 'hex'));

/** A certificate with its key. */
export interface Certified {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly der: Buffer;
  readonly pem: string;
  readonly keyPem: string;
}

export interface Certifying {
  readonly subject?: string;
  /** Nobody: it signs itself. */
  readonly by?: Certified;
  /** Of the first and the last moment that it holds. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly usage?: x509.KeyUsageFlags | undefined;
  readonly isUsageCritical?: boolean;
  readonly purposes?: readonly string[];
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** IP addresses, of a server. */
  readonly addresses?: readonly string[];
  /** Beside those that follow from the rest, or in place of one of them. */
  readonly more?: readonly x509.Extension[];
  readonly instead?: readonly x509.Extension[];
  /** Of another certificate, where it is the same key that is certified again. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly issuer?: string;
  /** Another than P-256 with SHA-256. */
  readonly algorithm?: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams;
}

let serial = 0;

/** Made by another library than the one that is tested with it. */
export async function certify(now: number, ask: Certifying): Promise<Certified> {
  const algorithm = ask.algorithm ?? ecdsa;
  const keys =
    ask.keys ??
    ((await webcrypto.subtle.generateKey(algorithm as typeof ecdsa, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair);
  const subject = ask.subject ?? 'O=SPIRE';
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `0a${(serial++).toString(16).padStart(4, '0')}`,
    subject,
    issuer: ask.issuer ?? ask.by?.certificate.subject ?? subject,
    notBefore: new Date(ask.notBeforeMs ?? now - 10_000),
    notAfter: new Date(ask.notAfterMs ?? now + 3_600_000),
    signingKey: (ask.by?.keys ?? keys).privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: (ask.by ? ecdsa : algorithm) as typeof ecdsa,
    extensions: extensionsOf(ask),
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certificate,
    keys,
    der: Buffer.from(certificate.rawData),
    pem: `${certificate.toString('pem')}\n`,
    keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`,
  };
}

function extensionsOf(ask: Certifying): x509.Extension[] {
  const {
    isAuthority = false,
    pathLength,
    purposes,
    uris = [],
    addresses = [],
    dnsNames = [],
    more = [],
    instead = [],
  } = ask;
  const names = [
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const usage = 'usage' in ask ? ask.usage : isAuthority ? keyCertSign | cRLSign : digitalSignature;
  return [
    new x509.BasicConstraintsExtension(isAuthority, pathLength, true),
    ...(usage === undefined ? [] : [new x509.KeyUsagesExtension(usage, ask.isUsageCritical ?? true)]),
    ...(purposes ? [new x509.ExtendedKeyUsageExtension([...purposes])] : []),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ...more,
  ].flatMap((own) => instead.find(({ type }) => type === own.type) ?? own);
}

export const authority = (now: number, ask: Certifying = {}): Promise<Certified> =>
  certify(now, { subject: 'CN=authority', notAfterMs: now + 10 * dayMs, isAuthority: true, ...ask });

/** As bundle endpoints have them. */
export const x509BundleOf = (...authorities: readonly Certified[]) => ({
  keys: authorities.map(({ der, certificate }) => ({
    kty: certificate.publicKey.algorithm.name.startsWith('RSA') ? 'RSA' : 'EC',
    use: 'x509-svid',
    x5c: [der.toString('base64')],
  })),
});
