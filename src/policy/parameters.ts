import { Fault } from '../kernel/fault.js';
import type { CatalogEntry, ParameterRule, ParameterValues } from './catalog.js';

type Value = ParameterValues[string];

/** What a value must not hold in any place it may be put: wildcards, template and policy variables, control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const unsafe = /[*?$%{}"'\\\u0000-\u001f\u007f\u2028\u2029]/;
const longest = 256;

/**
 * Untrusted parameters against the rules of an entry: what is left out takes its default, what is not within its rule,
 * or not in the entry, throws `credential.parameters` with a JSON pointer for each.
 */
export function parseParameters(
  entry: Pick<CatalogEntry, 'parameters'>,
  raw: Readonly<Record<string, unknown>>,
): ParameterValues {
  const errors: { pointer: string; detail: string }[] = [];
  const values: Record<string, Value> = {};
  for (const name of Object.keys(raw))
    if (!Object.hasOwn(entry.parameters, name))
      errors.push({ pointer: pointerTo(name), detail: 'this entry has no such parameter' });
  for (const [name, rule] of Object.entries(entry.parameters)) {
    const value = Object.hasOwn(raw, name) ? raw[name] : rule.default;
    const problem = value === undefined ? 'required' : problemOf(value, rule);
    if (problem === undefined) values[name] = value as Value;
    else errors.push({ pointer: pointerTo(name), detail: problem });
  }
  if (errors.length > 0)
    throw new Fault('credential.parameters', 'The parameters are not within the catalog entry.', { errors });
  return values;
}

const pointerTo = (name: string): string =>
  `/parameters/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Why the value is not within the rule; undefined when it is. Never repeats the value. */
export function problemOf(value: unknown, rule: ParameterRule): string | undefined {
  switch (rule.type) {
    case 'path':
      return textProblem(value) ?? pathProblem(value as string, rule.within);
    case 'string':
      return (
        textProblem(value) ??
        (new RegExp(`^(?:${rule.pattern})$`, 'u').test(value as string)
          ? undefined
          : `must match ${rule.pattern}`)
      );
    case 'enum':
      return rule.values.includes(value as string) ? undefined : `must be one of ${rule.values.join(', ')}`;
    case 'set':
      return setProblem(value, rule.values);
    case 'integer':
      return Number.isSafeInteger(value) &&
        (value as number) >= rule.minimum &&
        (value as number) <= rule.maximum
        ? undefined
        : `must be a whole number from ${rule.minimum} to ${rule.maximum}`;
  }
}

function textProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be text';
  if (value.length > longest) return `must be ${longest} characters at most`;
  return unsafe.test(value) ? 'must hold no wildcards, quotes, braces or control characters' : undefined;
}

function pathProblem(value: string, within: string): string | undefined {
  if (!value.startsWith(within)) return `must begin with ${within}`;
  const segments = value.split('/');
  const inner = segments.at(-1) === '' ? segments.slice(0, -1) : segments;
  return inner.some((segment) => segment === '' || segment === '.' || segment === '..')
    ? 'must have no empty, "." or ".." segments'
    : undefined;
}

function setProblem(value: unknown, values: readonly string[]): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return 'must be a list of at least one';
  if (new Set(value).size !== value.length) return 'must name each only once';
  return value.every((item) => values.includes(item as string))
    ? undefined
    : `each must be one of ${values.join(', ')}`;
}
