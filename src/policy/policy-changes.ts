import type { LoadedPolicy } from './cedar-policy.js';

/** Ids of the policies in which two bundles differ. */
export interface PolicyChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export function policyChanges(
  { policies: before }: Pick<LoadedPolicy, 'policies'>,
  { policies: after }: Pick<LoadedPolicy, 'policies'>,
): PolicyChanges {
  const ids = [...after.keys()];
  return {
    added: ids.filter((id) => !before.has(id)),
    changed: ids.filter((id) => before.has(id) && before.get(id) !== after.get(id)),
    removed: [...before.keys()].filter((id) => !after.has(id)),
  };
}
