import { CertificateChainValidationEngine } from 'pkijs';
import type { Certificate } from 'pkijs';
import { basicConstraints, criticalExtensions, extensions, isStrong } from './certificate.js';

/** What is understood and kept to where it is critical; any other critical extension refuses (RFC 5280 section 4.2). */
const understood: ReadonlySet<string> = new Set(Object.values(extensions));

/**
 * Whether a path leads from the first certificate, over any of the others, to one of the authorities, each part of which
 * holds at `at` (RFC 5280 section 6). The library sees to signatures, times, who may sign, and constraints of names; the
 * length of the path and critical extensions, which it leaves out, are looked at here. Authorities need not be self-signed.
 */
export async function leadsTo(
  [leaf, ...others]: readonly Certificate[],
  authorities: readonly Certificate[],
  at: Date,
): Promise<boolean> {
  if (leaf === undefined || authorities.length === 0) return false;
  const engine = new CertificateChainValidationEngine({
    trustedCerts: [...authorities],
    certs: [...others, leaf],
    checkDate: at,
  });
  const { result, certificatePath = [] } = await engine.verify();
  return (
    result &&
    certificatePath.length > 1 &&
    certificatePath.every(isStrong) &&
    isWithinItsLength(certificatePath) &&
    isUnderstood(certificatePath)
  );
}

/** Section 4.2.1.9: so many others may stand between an authority and the last of the path; self-issued ones do not count. */
const isWithinItsLength = (path: readonly Certificate[]): boolean =>
  path.every((certificate, index) => {
    const most = basicConstraints(certificate)?.pathLenConstraint;
    if (typeof most !== 'number') return true;
    return path.slice(1, index).filter((between) => !isSelfIssued(between)).length <= most;
  });

const isSelfIssued = ({ issuer, subject }: Certificate): boolean => issuer.isEqual(subject);

const isUnderstood = (path: readonly Certificate[]): boolean =>
  path.every((certificate) => criticalExtensions(certificate).every((id) => understood.has(id)));
