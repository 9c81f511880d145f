import type { ReadCertificate } from './certificate.js';
import { maySignCertificates } from './extensions.js';
import { mayName } from './name-constraints.js';

/** Looking for a path costs a signature at each step; so many, whatever is shown. */
const mostSignatures = 64;

/**
 * The path that leads from the first certificate, over any of the others, to one of the authorities (RFC 5280 section 6);
 * undefined where none does. None stands in it twice, and authorities need not have signed themselves. Of several it is one
 * that holds at `now`.
 */
export function pathTo(
  [leaf, ...others]: readonly [ReadCertificate, ...ReadCertificate[]],
  authorities: readonly ReadCertificate[],
  now: number,
): readonly ReadCertificate[] | undefined {
  let signatures = 0;
  const hasSigned = (above: ReadCertificate, { x509 }: ReadCertificate) =>
    x509.checkIssued(above.x509) && ++signatures <= mostSignatures && x509.verify(above.x509.publicKey);

  /** `path`: what was found so far, the leaf first. */
  function onward(path: readonly ReadCertificate[]): readonly ReadCertificate[] | undefined {
    const last = path.at(-1)!;
    const mayStandAbove = (one: ReadCertificate) =>
      !path.some(({ x509 }) => x509.raw.equals(one.x509.raw)) &&
      mayIssue(one, path, now) &&
      hasSigned(one, last);
    for (const authority of authorities) if (mayStandAbove(authority)) return [...path, authority];
    for (const other of others) {
      const found = mayStandAbove(other) ? onward([...path, other]) : undefined;
      if (found) return found;
    }
    return undefined;
  }
  return isInForce(leaf, now) ? onward([leaf]) : undefined;
}

/** All that can be said of it without looking at its signature. */
const mayIssue = (one: ReadCertificate, below: readonly ReadCertificate[], now: number): boolean =>
  isInForce(one, now) &&
  maySignCertificates(one) &&
  between(below) <= (one.pathLength ?? Infinity) &&
  below.every((name, index) => (index > 0 && name.isSelfIssued) || mayName(one, name));

/** Section 4.2.1.9: those that are self-issued do not count, and neither does the last of the path. */
const between = ([_leaf, ...others]: readonly ReadCertificate[]): number =>
  others.filter(({ isSelfIssued }) => !isSelfIssued).length;

const isInForce = (
  { notBefore, notAfter, isStrong, insistsOnUnknown }: ReadCertificate,
  now: number,
): boolean => notBefore <= now && now <= notAfter && isStrong && !insistsOnUnknown;
