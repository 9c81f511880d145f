import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import { isFactorable } from '../weak-key.js';
import { readExtensions } from './extensions.js';
import type { Extensions } from './extensions.js';

/** What is looked at of one certificate. */
export interface ReadCertificate extends Extensions {
  readonly der: Uint8Array;
  /** As OpenSSL knows it: for who has issued it, and whose signature it has. */
  readonly x509: X509Certificate;
  /** Hex. */
  readonly serialNumber: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isSelfIssued: boolean;
  /** Whether both its key and the way that it was signed are as strong as those of tokens have to be. */
  readonly isStrong: boolean;
}

const version3 = 2;

/** RFC 5758, RFC 4055, RFC 8410: ECDSA and RSA with SHA-2, Ed25519. RSA-PSS may be with SHA-1, and is not taken. */
const signatureAlgorithms = new Set([
  ...['1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'],
  ...['1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13'],
  '1.3.101.112',
]);
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const shortestRsaBits = 2048;

/**
 * Reads DER, all of it and strictly: whatever two readers could read otherwise is refused, before anything of it is
 * believed. Throws, never a Fault, for what is no certificate of version 3.
 */
export function readCertificate(der: Uint8Array): ReadCertificate {
  const x509 = new X509Certificate(der);
  // What OpenSSL has read, without anything behind it; and no PEM.
  if (!x509.raw.equals(der)) throw new TypeError('there is more than a certificate');
  const { tbsCertificate: told, signatureAlgorithm } = AsnConvert.parse(der, Certificate);
  if (told.version !== version3) throw new TypeError('a certificate of an older version');
  if (!told.signature.isEqual(signatureAlgorithm)) throw new TypeError('two signature algorithms');
  return {
    der,
    x509,
    serialNumber: x509.serialNumber.toLowerCase(),
    notBefore: told.validity.notBefore.getTime().getTime(),
    notAfter: told.validity.notAfter.getTime().getTime(),
    isSelfIssued: x509.subject === x509.issuer,
    isStrong: signatureAlgorithms.has(signatureAlgorithm.algorithm) && isStrongKey(x509.publicKey),
    ...readExtensions(told.extensions ?? []),
  };
}

/** Kinds of key that have a JWK, and with it a thumbprint by which policy and audit know them. */
export function isStrongKey(key: KeyObject): boolean {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= shortestRsaBits && !isFactorable(key.export({ format: 'jwk' }));
    case 'ec':
      return curves.has(namedCurve);
    default:
      return key.asymmetricKeyType === 'ed25519';
  }
}
