import { Fault } from '../kernel/fault.js';
import type { CatalogEntry, ParameterRule, ParameterValues } from './catalog.js';

type Value = ParameterValues[string];

interface Problem {
  /** Where inside the value: "" for the value itself. */
  readonly at: string;
  readonly detail: string;
}

/**
 * What a value must not hold, wherever it may be put: wildcards, policy variables and template braces, quotes, `%` (an
 * encoded slash), control characters, and what cannot be seen (direction marks, zero-width, unpaired surrogates).
 */
const unsafe = /[*?$%{}"'`\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const longest = 256;
/** A request that is wrong in more places than these is told no more. */
const mostErrors = 20;

/**
 * Untrusted parameters against the rules of an entry: what is left out takes its default, what is not within its rule,
 * or not in the entry, throws `credential.parameters` with a JSON pointer for each. No rule takes an object, so no
 * key of the caller's (`__entity`, `__proto__` ...) reaches anything.
 */
export function parseParameters(
  entry: Pick<CatalogEntry, 'parameters'>,
  untrusted: unknown,
): ParameterValues {
  if (typeof untrusted !== 'object' || untrusted === null || Array.isArray(untrusted))
    throw refusal([{ pointer: '/parameters', detail: 'must be an object' }]);
  const raw = untrusted as Readonly<Record<string, unknown>>;
  const errors: { pointer: string; detail: string }[] = [];
  for (const name of Object.keys(raw))
    if (!Object.hasOwn(entry.parameters, name))
      errors.push({ pointer: pointerTo(name), detail: 'this entry has no such parameter' });
  const values: Record<string, Value> = {};
  for (const [name, rule] of Object.entries(entry.parameters)) {
    const value = Object.hasOwn(raw, name) ? raw[name] : rule.default;
    const problem = value === undefined ? { at: '', detail: 'required' } : problemOf(value, rule);
    if (problem) errors.push({ pointer: pointerTo(name) + problem.at, detail: problem.detail });
    else values[name] = canonical(value as Value, rule);
  }
  if (errors.length > 0) throw refusal(errors);
  return values;
}

const refusal = (errors: { pointer: string; detail: string }[]) =>
  new Fault('credential.parameters', 'The parameters are not within the catalog entry.', {
    errors: errors.slice(0, mostErrors),
  });

const pointerTo = (name: string): string =>
  `/parameters/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** A set is the same set in whatever order it was named. */
const canonical = (value: Value, rule: ParameterRule): Value =>
  rule.type === 'set' ? rule.values.filter((item) => (value as readonly string[]).includes(item)) : value;

/** Why the value is not within the rule; undefined when it is. Never repeats the value. */
export function problemOf(value: unknown, rule: ParameterRule): Problem | undefined {
  if (rule.type === 'set') return setProblem(value, rule.values);
  const detail = detailOf(value, rule);
  return detail === undefined ? undefined : { at: '', detail };
}

function detailOf(value: unknown, rule: Exclude<ParameterRule, { type: 'set' }>): string | undefined {
  switch (rule.type) {
    case 'path':
      return textProblem(value) ?? pathProblem(value as string, rule.within);
    case 'string':
      return textProblem(value) ?? patternProblem(value as string, rule.pattern);
    case 'enum':
      return (
        textProblem(value) ??
        (rule.values.includes(value as string) ? undefined : `must be one of ${rule.values.join(', ')}`)
      );
    case 'integer':
      return Number.isSafeInteger(value) &&
        (value as number) >= rule.minimum &&
        (value as number) <= rule.maximum
        ? undefined
        : `must be a whole number from ${rule.minimum} to ${rule.maximum}`;
  }
}

/** Why a text may stand in no parameter, whatever its rule. */
export function textProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be text';
  if (value.length > longest) return `must be ${longest} characters at most`;
  if (unsafe.test(value))
    return 'must hold no wildcards, quotes, braces, "%", control or invisible characters';
  return value.includes('..') ? 'must not hold ".."' : undefined;
}

/** Why a text is no path below somewhere. */
export function segmentProblem(path: string): string | undefined {
  const segments = (path.endsWith('/') ? path.slice(0, -1) : path).split('/');
  return segments.some((segment) => segment === '' || segment === '.')
    ? 'must have no empty and no "." segments'
    : undefined;
}

const pathProblem = (value: string, within: string): string | undefined =>
  value.startsWith(within) ? segmentProblem(value) : `must begin with ${within}`;

const patternProblem = (value: string, pattern: string): string | undefined =>
  new RegExp(`^(?:${pattern})$`, 'u').test(value) ? undefined : `must match ${pattern}`;

function setProblem(value: unknown, values: readonly string[]): Problem | undefined {
  if (!Array.isArray(value) || value.length === 0)
    return { at: '', detail: 'must be a list of at least one' };
  const wrong = value.findIndex((item) => !values.includes(item as string));
  if (wrong >= 0) return { at: `/${wrong}`, detail: `must be one of ${values.join(', ')}` };
  return new Set(value).size === value.length ? undefined : { at: '', detail: 'must name each only once' };
}
