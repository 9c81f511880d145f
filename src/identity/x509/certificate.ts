import { createPublicKey } from 'node:crypto';
import { AltName, BasicConstraints, Certificate, ExtKeyUsage } from 'pkijs';
import { isFactorable } from '../weak-key.js';

/** Object identifiers of RFC 5280 sections 4.2.1.3, .6, .9, .10, .12. */
export const extensions = {
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Bits of the first octet of KeyUsage (section 4.2.1.3). */
const digitalSignature = 0x80;
const keyCertSign = 0x04;
const cRLSign = 0x02;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const uniformResourceIdentifier = 6;

/** RFC 5758, RFC 4055, RFC 8410: ECDSA, RSA and RSA-PSS with SHA-2, Ed25519. Nothing with MD5 or SHA-1. */
const signatureAlgorithms = new Set([
  ...['1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'],
  ...['1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13', '1.2.840.113549.1.1.10'],
  '1.3.101.112',
]);
const shortestRsaBits = 2048;

/** Throws for what is no certificate, and for one that has an extension twice (RFC 5280 section 4.2). */
export function readCertificate(der: Uint8Array): Certificate {
  const certificate = Certificate.fromBER(der);
  const names = (certificate.extensions ?? []).map(({ extnID }) => extnID);
  if (new Set(names).size !== names.length) throw new TypeError('an extension stands twice');
  return certificate;
}

const extension = ({ extensions: all = [] }: Certificate, id: string): unknown =>
  all.find(({ extnID }) => extnID === id)?.parsedValue;

export const criticalExtensions = ({ extensions: all = [] }: Certificate): readonly string[] =>
  all.filter(({ critical }) => critical).map(({ extnID }) => extnID);

/** Every URI among the alternative names, as it is spelled. */
export function uriNames(certificate: Certificate): readonly string[] {
  const names = extension(certificate, extensions.alternativeNames);
  if (!(names instanceof AltName)) return [];
  return names.altNames
    .filter(({ type }) => type === uniformResourceIdentifier)
    .map(({ value }) => String(value));
}

export const basicConstraints = (certificate: Certificate): BasicConstraints | undefined => {
  const found = extension(certificate, extensions.basicConstraints);
  return found instanceof BasicConstraints ? found : undefined;
};

/** X509-SVID section 4: signs as a TLS client does, and neither certificates nor lists. */
export function isForClients(certificate: Certificate): boolean {
  const [bits = 0] =
    (extension(certificate, extensions.keyUsage) as KeyUsage | undefined)?.valueBlock.valueHexView ?? [];
  const isMarked = criticalExtensions(certificate).includes(extensions.keyUsage);
  const purposes = extension(certificate, extensions.extendedKeyUsage);
  return (
    isMarked &&
    (bits & digitalSignature) !== 0 &&
    (bits & (keyCertSign | cRLSign)) === 0 &&
    basicConstraints(certificate)?.cA !== true &&
    (!(purposes instanceof ExtKeyUsage) || purposes.keyPurposes.includes(clientAuth))
  );
}

interface KeyUsage {
  readonly valueBlock: { readonly valueHexView: Uint8Array };
}

/** Whether both the key and the way that the certificate was signed are as strong as those of tokens have to be. */
export function isStrong({ signatureAlgorithm, subjectPublicKeyInfo }: Certificate): boolean {
  if (!signatureAlgorithms.has(signatureAlgorithm.algorithmId)) return false;
  const spki = Buffer.from(subjectPublicKeyInfo.toSchema().toBER());
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'rsa') return true;
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  return modulusLength >= shortestRsaBits && !isFactorable(key.export({ format: 'jwk' }));
}
