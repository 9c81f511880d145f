import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../../kernel/fault.js';
import type { Ancestor } from '../../provider.js';
import type { VaultScope } from './scope.js';

/**
 * Vault gives a token policies by name, and what those allow nobody here has read: below another task it gets no other
 * ones, and reads what the other would, or what lies below it. Fault `credential.wider`.
 */
export function mustBeWithin(child: VaultScope, within: readonly Ancestor[] = []): void {
  if (!within.every(({ scope }) => isBelow(child, scope as Partial<VaultScope>)))
    throw new Fault('credential.wider', 'Below another task Vault gives the same entry, and no more of it.');
}

/** What stands above may be of another provider: then it has none of this. */
function isBelow({ policies, path, ...rest }: VaultScope, above: Partial<VaultScope>): boolean {
  const { policies: policiesAbove = [], path: pathAbove, ...restAbove } = above;
  const folder = pathAbove?.endsWith('/') ? pathAbove : `${pathAbove ?? ''}/`;
  return (
    policies.every((policy) => policiesAbove.includes(policy)) &&
    (path === pathAbove || (pathAbove !== undefined && path?.startsWith(folder) === true)) &&
    isDeepStrictEqual(rest, restAbove)
  );
}
