import type { CatalogEntry, ParameterRule } from '../../../../policy/catalog.js';
import { type AwsStsScope, isSliced } from '../scope.js';
import type { AwsStsSettings } from '../settings.js';

/** What one role has to be like, for all entries of the catalog that are on it. */
export interface RolePlan {
  readonly role: string;
  /** Names of the entries. */
  readonly entries: readonly string[];
  readonly scopes: readonly AwsStsScope[];
  readonly parameters: readonly Readonly<Record<string, ParameterRule>>[];
  /** Every session name begins with it: `j.` */
  readonly namePrefix: string;
  readonly externalId?: string | undefined;
  /** The role on the way: it, and not the broker, opens the sessions. */
  readonly via?: string | undefined;
  /** Actions of STS that the trust policy has to allow. */
  readonly stsActions: readonly string[];
  readonly longestSeconds: number;
  readonly sliced: boolean;
  /** Cut off by a deny document, which stands in the role or in the boundary of the settings. */
  readonly denied: boolean;
  readonly deniedIn: { readonly boundary?: string; readonly revoker?: string };
  /** Sessions may go on to other roles. */
  readonly chained: boolean;
  /** Entries whose sessions no deny document spares, though there is one. */
  readonly unspared: readonly string[];
}

/** The plans of one provider, one for each role that its entries name. */
export function rolePlans(entries: readonly CatalogEntry[], settings: AwsStsSettings): RolePlan[] {
  const roles = new Set(entries.flatMap(({ mint }) => rolesOf(mint)));
  return [...roles].map((role) => {
    const on = entries.filter(({ mint }) => rolesOf(mint).includes(role));
    const scopes = on.map(({ mint }) => mint as AwsStsScope);
    const denied = scopes.some(({ cutOff }) => cutOff.includes('deny'));
    const revoker = settings.revokers[role.split(':')[4] ?? '']?.role;
    return {
      role,
      entries: on.map(({ name }) => name),
      scopes,
      parameters: on.map(({ parameters }) => parameters),
      namePrefix: `${settings.sessionPrefix}.`,
      externalId: settings.externalId,
      via: settings.via?.role,
      stsActions: [
        'sts:AssumeRole',
        ...(scopes.some(({ tags }) => tags) ? ['sts:TagSession'] : []),
        ...(scopes.some(({ sourceIdentity }) => sourceIdentity) ? ['sts:SetSourceIdentity'] : []),
      ],
      longestSeconds: Math.max(...on.map(({ maximumTtlSeconds }) => maximumTtlSeconds)),
      sliced: scopes.some(isSliced),
      denied,
      deniedIn: {
        ...(settings.boundary !== undefined && { boundary: settings.boundary }),
        ...(revoker !== undefined && { revoker }),
      },
      chained: scopes.some(({ chainedRoles }) => chainedRoles.length > 0),
      unspared: denied
        ? on.filter((_, i) => !scopes[i]!.cutOff.includes('deny')).map(({ name }) => name)
        : [],
    };
  });
}

/** The role of an entry and those that stand in for it when it is full. */
export const rolesOf = (mint: unknown): readonly string[] => {
  const { role, roles } = mint as AwsStsScope;
  return [role, ...roles];
};
