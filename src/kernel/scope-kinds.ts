/** Whose leases can be named together. `entry` is a catalog entry, `issuer` an `iss` or the name of a trust domain. */
export const scopeKinds = ['all', 'issuer', 'owner', 'agent', 'provider', 'entry', 'task'] as const;
