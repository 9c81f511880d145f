import type { Claims } from './jws.js';

/**
 * How settings name a claim: a top-level claim by its name as it is (`repository_id`, also names with dots), a
 * nested one by JSON Pointer (RFC 6901): `/kubernetes.io/pod/uid`.
 */
export type ClaimPath = string;

/** RFC 6901 section 3: after `~` only 0 and 1. */
export const isClaimPath = (path: string): boolean =>
  path !== '' && path !== '/' && (!path.startsWith('/') || !/~(?![01])/.test(path));

/** The value there, own properties only; undefined when there is none. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  if (!path.startsWith('/')) return Object.hasOwn(claims, path) ? claims[path] : undefined;
  let value: unknown = claims;
  for (const step of path.slice(1).split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

export type Scalar = string | number | boolean;

/** Numbers beyond 2^53 are not: two different ones would look the same. */
export const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER);
