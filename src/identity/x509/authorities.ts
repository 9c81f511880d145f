import { readCertificate } from './certificate.js';
import type { ReadCertificate } from './certificate.js';
import { maySignCertificates } from './extensions.js';

/**
 * The X.509 authorities of a SPIFFE bundle's `keys` (X509-SVID section 6.2: `use` is `x509-svid`, the authority is the first
 * value of `x5c`). What is no certificate of an authority is left out, as an unusable key is: it shuts nobody else out.
 */
export const readAuthorities = (keys: readonly unknown[]): readonly ReadCertificate[] =>
  keys.flatMap((key) => {
    const { use, x5c } = Object(key) as { use?: unknown; x5c?: unknown };
    const [first] = use === 'x509-svid' && Array.isArray(x5c) ? (x5c as unknown[]) : [];
    return typeof first === 'string' ? authorityIn(Buffer.from(first, 'base64')) : [];
  });

function authorityIn(der: Buffer): ReadCertificate[] {
  try {
    const read = readCertificate(der);
    return maySignCertificates(read) ? [read] : [];
  } catch {
    return [];
  }
}
