import { Fault } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { AllowedEntry, TaskScope } from '../task/scope.js';
import type { CatalogEntry, ParameterValues } from './catalog.js';
import { problemOf } from './parameters.js';

type Value = ParameterValues[string];

/** What is asked of a scope. Absent means that the request leaves it open. */
export interface Wanted {
  readonly entry: CatalogEntry;
  readonly parameters: ParameterValues;
  readonly tool?: string | undefined;
}

const wider = (detail: string, pointer?: string): Fault =>
  new Fault('delegation.wider', detail, pointer === undefined ? {} : { errors: [{ pointer, detail }] });

/** Whether a value is no wider than a limit, for the type that the entry gives it. */
export function isWithin(
  value: Value,
  limit: Value,
  type: CatalogEntry['parameters'][string]['type'],
): boolean {
  if (type === 'set')
    return Array.isArray(value) && Array.isArray(limit) && value.every((one) => limit.includes(one));
  if (type !== 'path') return value === limit;
  const folder = String(limit).endsWith('/') ? String(limit) : `${String(limit)}/`;
  return value === limit || String(value).startsWith(folder);
}

/** Throws delegation.wider unless a request of a sub-task is within its scope. */
export function mustBeInScope(scope: TaskScope, { entry, parameters, tool }: Wanted): void {
  const allowed = scope.allowed.find(({ credential }) => credential === entry.name);
  if (!allowed) throw wider('This entry was not delegated to the task.');
  if (scope.environments && !scope.environments.includes(entry.environment))
    throw wider('The environment of this entry was not delegated to the task.');
  mustBeDelegatedTool(scope, tool);
  for (const [name, limit] of Object.entries(allowed.limits)) {
    const rule = entry.parameters[name];
    const value = parameters[name];
    if (!rule || value === undefined || !isWithin(value, limit, rule.type))
      throw wider('The parameter is not within what was delegated.', `/parameters/${name}`);
  }
}

export function mustBeDelegatedTool({ tools }: TaskScope, tool: string | undefined): void {
  if (tools && (tool === undefined || !tools.includes(tool)))
    throw wider('This tool was not delegated to the task.', '/tool');
}

/**
 * The scope of a sub-task: what was asked for, with what the parent's scope says of all that was left open. Throws
 * delegation.wider where it asks for more than the parent has, and credential.unknown, credential.parameters.
 */
export function narrowed(
  catalog: ReadonlyMap<string, CatalogEntry>,
  asked: TaskScope,
  parent: Partial<TaskScope>,
): TaskScope {
  const allowed = asked.allowed.map((one, index) => narrowedEntry(catalog, one, parent.allowed, index));
  return present({
    allowed,
    tools: subset(asked.tools, parent.tools, '/tools'),
    environments: subset(asked.environments, parent.environments, '/environments'),
    maximumTtlSeconds: shorter(asked.maximumTtlSeconds, parent.maximumTtlSeconds),
  });
}

function narrowedEntry(
  catalog: ReadonlyMap<string, CatalogEntry>,
  { credential, limits }: AllowedEntry,
  above: TaskScope['allowed'] | undefined,
  index: number,
): AllowedEntry {
  const entry = catalog.get(credential);
  if (!entry) throw new Fault('credential.unknown', 'There is no catalog entry of this name.');
  const parent = above?.find((one) => one.credential === credential);
  if (above && !parent)
    throw wider('The parent task was not given this entry.', `/allowed/${index}/credential`);
  for (const [name, value] of Object.entries(limits)) {
    const pointer = `/allowed/${index}/parameters/${name.slice(0, 64)}`;
    const rule = Object.hasOwn(entry.parameters, name) ? entry.parameters[name] : undefined;
    const detail = rule ? problemOf(value, rule)?.detail : 'this entry has no such parameter';
    if (!rule || detail !== undefined)
      throw new Fault('credential.parameters', 'The parameters are not within the catalog entry.', {
        errors: [{ pointer, detail: detail ?? 'wrong' }],
      });
    const limit = parent?.limits[name];
    if (limit !== undefined && !isWithin(value, limit, rule.type))
      throw wider('The parameter is wider than that of the parent task.', pointer);
  }
  return { credential, limits: { ...parent?.limits, ...limits } };
}

function subset(
  asked: readonly string[] | undefined,
  parent: readonly string[] | undefined,
  pointer: string,
): readonly string[] | undefined {
  if (asked === undefined || parent === undefined) return asked ?? parent;
  if (asked.every((one) => parent.includes(one))) return asked;
  throw wider('The parent task does not have all of these.', pointer);
}

function shorter(asked: number | undefined, parent: number | undefined): number | undefined {
  if (asked === undefined || parent === undefined) return asked ?? parent;
  if (asked <= parent) return asked;
  throw wider('The parent task has no such long credentials.', '/maximumTtl');
}
