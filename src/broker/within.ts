import type { Ancestor } from '../issuance/provider.js';
import type { CatalogEntry, ParameterValues } from '../policy/catalog.js';
import { fillTemplate } from '../policy/template.js';
import type { Task } from '../task/task.js';

/**
 * I5: the most that a sub-task may have of an entry, for the provider to hold to it what it mints. A scope is narrowed when
 * it is delegated, so that of the task itself lies within those of all above it. Nothing for a task that nobody delegated.
 */
export function withinOf(
  { scope, parent }: Task,
  entry: CatalogEntry,
  parameters: ParameterValues,
): readonly Ancestor[] {
  const allowed = scope?.allowed.find(({ credential }) => credential === entry.name);
  if (!allowed || parent === undefined) return [];
  // What was delegated without a limit is as wide as it is asked for.
  return [{ taskId: parent, scope: fillTemplate(entry.mint, { ...parameters, ...allowed.limits }) }];
}
