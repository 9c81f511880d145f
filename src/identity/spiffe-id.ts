/** `trustDomain` without scheme; `path` with its leading slash, or '' for the trust domain itself. */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly path: string;
}

const spiffeScheme = 'spiffe://';

const maximumIdBytes = 2048;
const maximumTrustDomainBytes = 255;
const trustDomainPattern = /^[a-z0-9._-]+$/;
const segmentPattern = /^[a-zA-Z0-9._-]+$/;

/**
 * SPIFFE-ID section 2, on the raw string: a URL parser would normalise, and two spellings would become one
 * identity. Undefined when it is not a SPIFFE ID. Port, user, query, fragment and `%` fall to the character sets.
 */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  // Every allowed character is one byte, so counting UTF-16 units is counting bytes.
  if (text.length > maximumIdBytes || !text.startsWith(spiffeScheme)) return undefined;
  const rest = text.slice(spiffeScheme.length);
  const slash = rest.indexOf('/');
  const trustDomain = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? '' : rest.slice(slash);
  return isTrustDomain(trustDomain) && (path === '' || isSpiffePath(path))
    ? { trustDomain, path }
    : undefined;
}

export const isTrustDomain = (text: string): boolean =>
  text.length <= maximumTrustDomainBytes && trustDomainPattern.test(text);

/** One or more segments, each after a slash; none empty, `.` or `..`, no slash at the end. */
export const isSpiffePath = (path: string): boolean =>
  path.startsWith('/') &&
  path
    .slice(1)
    .split('/')
    .every((segment) => segmentPattern.test(segment) && segment !== '.' && segment !== '..');
