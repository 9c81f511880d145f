import { X509Certificate } from 'node:crypto';
import { readCertificate } from './certificate.js';
import type { ReadCertificate } from './certificate.js';
import { maySignCertificates } from './extensions.js';
import { mayName } from './name-constraints.js';

/** What is shown can be made to cost: so many signatures are verified, and so many ways tried, whatever it is. */
const mostSignatures = 256;
const mostWays = 256;
const longestDerBytes = 8192;

/**
 * The path that leads from one of the authorities, over any of `others` (DER), down to the leaf (RFC 5280 section 6); the leaf
 * first, undefined where none does. It is looked for from above, so that nothing is read, and no key used, but what an
 * authority stands behind. None stands in it twice, and authorities need not have signed themselves. Of several it is one that
 * holds at `now`.
 */
export function pathTo(
  leaf: ReadCertificate,
  others: readonly Uint8Array[],
  authorities: readonly ReadCertificate[],
  now: number,
): readonly ReadCertificate[] | undefined {
  if (!isInForce(leaf, now)) return undefined;
  const shown = [leaf.der, ...others.filter((der) => der.length <= longestDerBytes)].flatMap(opened);
  const hasSigned = signatures();
  let ways = 0;

  /** `path`: what was found so far, the authority first. */
  function downward(path: readonly ReadCertificate[]): readonly ReadCertificate[] | undefined {
    const last = path.at(-1)!;
    for (const one of shown) {
      if (path.some(({ x509 }) => x509.raw.equals(one.x509.raw)) || !hasSigned(last.x509, one.x509)) continue;
      if (++ways > mostWays) return undefined;
      const isLeaf = one.x509.raw.equals(leaf.x509.raw);
      const read = isLeaf ? leaf : one.read();
      if (!read || !path.every((above) => (read.isSelfIssued && !isLeaf) || mayName(above, read))) continue;
      if (isLeaf) return [...path, leaf].toReversed();
      const found = mayStandBelow(read, path, now) ? downward([...path, read]) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  for (const authority of authorities) {
    const found =
      isInForce(authority, now) && maySignCertificates(authority) ? downward([authority]) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** Section 4.2.1.9: those that are self-issued do not count among those that may stand below. */
function mayStandBelow(read: ReadCertificate, path: readonly ReadCertificate[], now: number): boolean {
  const counts = (one: ReadCertificate) => (one.isSelfIssued ? 0 : 1);
  const hasRoom = path.every(({ pathLength }, index) => {
    const between = path.slice(index + 1).reduce((sum, one) => sum + counts(one), counts(read));
    return between <= (pathLength ?? Infinity);
  });
  return hasRoom && isInForce(read, now) && maySignCertificates(read) && read.isAboveClients;
}

const isInForce = (
  { notBefore, notAfter, isStrong, insistsOnUnknown }: ReadCertificate,
  now: number,
): boolean => notBefore <= now && now <= notAfter && isStrong && !insistsOnUnknown;

interface Opened {
  readonly x509: X509Certificate;
  /** Undefined where it cannot be read as strictly as it has to be. */
  readonly read: () => ReadCertificate | undefined;
}

/** Nothing for what OpenSSL cannot read. */
function opened(der: Uint8Array): Opened[] {
  let known: { readonly certificate: ReadCertificate | undefined } | undefined;
  const read = () => (known ??= { certificate: tried(() => readCertificate(der)) }).certificate;
  const x509 = tried(() => new X509Certificate(der));
  return x509 ? [{ x509, read }] : [];
}

function tried<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** Whether one has signed another, each pair looked at once. */
function signatures(): (above: X509Certificate, below: X509Certificate) => boolean {
  const known = new Map<string, boolean>();
  return (above, below) => {
    if (!below.checkIssued(above)) return false;
    const pair = `${above.fingerprint256} ${below.fingerprint256}`;
    if (!known.has(pair)) {
      if (known.size >= mostSignatures) return false;
      known.set(pair, below.verify(above.publicKey));
    }
    return known.get(pair)!;
  };
}
