import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import type { Time } from '@peculiar/asn1-x509';
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
/** What is longer, or has a larger exponent, is there to make verifying slow. */
const longestRsaBits = 8192;
const largestExponent = 2n ** 32n;

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
    notBefore: moment(x509.validFrom, told.validity.notBefore),
    notAfter: moment(x509.validTo, told.validity.notAfter),
    isSelfIssued: x509.subject === x509.issuer,
    isStrong: signatureAlgorithms.has(signatureAlgorithm.algorithm) && isStrongKey(x509.publicKey),
    ...readExtensions(told),
  };
}

/** Two readers of a time that is not spelled as it should be are months apart. */
function moment(read: string, told: Time): number {
  const at = Date.parse(read);
  if (at !== told.getTime().getTime()) throw new TypeError('a time that is read in two ways');
  return at;
}

/** Kinds of key that have a JWK, and with it a thumbprint by which policy and audit know them. */
export function isStrongKey(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (
        modulusLength >= shortestRsaBits &&
        modulusLength <= longestRsaBits &&
        publicExponent < largestExponent &&
        !isFactorable(key.export({ format: 'jwk' }))
      );
    case 'ec':
      return curves.has(namedCurve);
    default:
      return key.asymmetricKeyType === 'ed25519';
  }
}
