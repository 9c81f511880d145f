import type { EntryProblem, PlacedEntry } from '../../provider.js';
import type { AwsStsScope } from './scope.js';
import type { AwsStsSettings } from './settings.js';

type Entry = PlacedEntry<AwsStsSettings, AwsStsScope>;

/**
 * Entries whose live sessions the deny document of another entry would end. The cut denies every session of its prefix
 * on a role that is older and that it does not keep, and it keeps those that it knows: the sessions of entries with `deny`.
 * On a role that sessions go on to it tells them by their source identity, and so it takes a session that was opened there
 * for a foreign one.
 */
export function problemsTogether(entries: readonly Entry[]): EntryProblem[] {
  return entries.flatMap((entry) => [
    ...undeniedBeside(entry, entries),
    ...openedWhereChained(entry, entries),
  ]);
}

const rolesOf = ({ mint }: Entry): readonly string[] => [mint.role, ...mint.roles];
const samePrefix = (one: Entry, other: Entry) => one.settings.sessionPrefix === other.settings.sessionPrefix;
const isDenied = ({ mint }: Entry) => mint.cutOff.includes('deny');
const named = (entries: readonly Entry[]) => entries.map(({ name }) => `"${name}"`).join(', ');

function undeniedBeside(entry: Entry, entries: readonly Entry[]): EntryProblem[] {
  if (isDenied(entry)) return [];
  return rolesOf(entry).flatMap((role) => {
    const denied = entries.filter(
      (other) => isDenied(other) && samePrefix(entry, other) && rolesOf(other).includes(role),
    );
    if (denied.length === 0) return [];
    return {
      entry: entry.name,
      path: 'cutOff',
      message: `${named(denied)} on the same role ${role} is cut off by a deny, which would end the sessions of this one too: put "deny" into both, or give them roles of their own`,
    };
  });
}

function openedWhereChained(entry: Entry, entries: readonly Entry[]): EntryProblem[] {
  if (!entry.mint.sourceIdentity) return [];
  return rolesOf(entry).flatMap((role) => {
    const from = entries.filter(
      (other) => samePrefix(entry, other) && other.mint.chainedRoles.includes(role),
    );
    if (from.length === 0) return [];
    return {
      entry: entry.name,
      path: 'role',
      message: `${named(from)} has ${role} among its chainedRoles, and denies there every source identity that is not its own: give this entry another role, or no sourceIdentity`,
    };
  });
}
