import { membersOf } from '../formats/told.js';
import type { Granted } from './use.js';

/**
 * What a catalog entry grants at most: the statements of its session policy that allow, or its path at Vault. A parameter
 * may be anything here. An entry that hands over a token of Vault grants what its policies say, which the catalog does not.
 */
export function grantsOf(mint: unknown): Granted[] {
  const { sessionPolicy, path, method } = membersOf(mint);
  if (typeof path === 'string')
    return [{ action: method === 'write' ? 'update' : 'read', resource: anyOf(path) }];
  const statements = membersOf(sessionPolicy)['Statement'];
  return listOf(statements).flatMap((statement) => {
    const { Effect: effect, Action: actions, Resource: resources } = membersOf(statement);
    if (effect !== 'Allow') return [];
    return listOf(actions).flatMap((action) =>
      listOf(resources).map((resource) => ({
        action: anyOf(String(action)),
        resource: anyOf(String(resource)),
      })),
    );
  });
}

/** The role, or the roles, that sessions of the entry are of: `<account>:<name>`. */
export function rolesOf(mint: unknown): string[] {
  const { role, roles } = membersOf(mint);
  return [role, ...listOf(roles)].flatMap((arn) => {
    const [, account, name] = /^arn:aws[\w-]*:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(String(arn)) ?? [];
    return account === undefined ? [] : [`${account}:${name}`];
  });
}

const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

const anyOf = (text: string): string => text.replaceAll(/\{\{[^}]*\}\}/g, '*');

/** Whether a pattern with `*` and `?`, as IAM has them, covers the text. Actions are compared without their case. */
export function covers(pattern: string, text: string, isAction = false): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, isAction ? 'isu' : 'su').test(text);
}
