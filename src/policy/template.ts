import type { ParameterRule, ParameterValues } from './catalog.js';

/** `{{name}}`, with the name of a parameter. */
export const placeholder = /\{\{\s*([A-Za-z][\w-]*)\s*\}\}/g;

/** Names of the parameters that a provider's section of an entry uses. */
export function placeholdersIn(template: unknown): Set<string> {
  const names = new Set<string>();
  eachText(template, (text) => {
    for (const [, name] of text.matchAll(placeholder)) names.add(name!);
  });
  return names;
}

/** What would go wrong when a template is filled: found when the catalog is loaded, so that no request meets it. */
export function templateProblems(
  template: unknown,
  rules: Readonly<Record<string, Pick<ParameterRule, 'type'>>>,
): string[] {
  const problems = new Set<string>();
  eachText(template, (text, inList) => {
    if (text.replace(placeholder, '').includes('{{')) problems.add('"{{" begins no {{parameter}}');
    for (const name of placeholdersIn(text))
      if (!Object.hasOwn(rules, name)) problems.add(`{{${name}}} is no parameter of the entry`);
      else if (rules[name]?.type === 'set' && !inList)
        problems.add(`{{${name}}} is a set, and can stand only in an element of a list`);
  });
  const used = placeholdersIn(template);
  for (const name of Object.keys(rules))
    if (!used.has(name)) problems.add(`nothing uses {{${name}}}, so the parameter would narrow nothing`);
  return [...problems];
}

type Filler = (values: ParameterValues) => unknown;

/** How to fill each section, found when it is first filled: it is the same for every request. */
const fillers = new WeakMap<object, Filler>();

/**
 * The section with every `{{parameter}}` filled in, in strings at any depth; keys stay as they are. A list element that
 * names a set parameter becomes one element for each of its values; elsewhere a set cannot stand. What was found sound
 * by `templateProblems` fills without a failure. Parts that nothing is filled in are those of the template itself.
 */
export function fillTemplate<T>(template: T, values: ParameterValues): T {
  if (typeof template !== 'object' || template === null) return fillerOf(template)(values) as T;
  let filler = fillers.get(template);
  if (!filler) fillers.set(template, (filler = fillerOf(template)));
  return filler(values) as T;
}

function eachText(part: unknown, visit: (text: string, inList: boolean) => void, inList = false): void {
  if (typeof part === 'string') visit(part, inList);
  else if (Array.isArray(part)) for (const item of part) eachText(item, visit, true);
  else if (typeof part === 'object' && part !== null)
    for (const inner of Object.values(part)) eachText(inner, visit);
}

function fillerOf(part: unknown): Filler {
  if (placeholdersIn(part).size === 0) return () => part;
  if (typeof part === 'string') return textFiller(part);
  if (Array.isArray(part)) {
    const fillEach = part.map(elementFiller);
    return (values) => fillEach.flatMap((fill) => fill(values));
  }
  const members = Object.entries(part as object).map(([key, inner]) => [key, fillerOf(inner)] as const);
  return (values) => Object.fromEntries(members.map(([key, fill]) => [key, fill(values)]));
}

function textFiller(text: string): (values: ParameterValues) => string {
  const [first = '', ...rest] = text.split(placeholder);
  return (values) => {
    let filled = first;
    for (let i = 0; i < rest.length; i += 2) filled += textOf(values, rest[i]!) + rest[i + 1]!;
    return filled;
  };
}

function textOf(values: ParameterValues, name: string): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined || Array.isArray(value))
    throw new Error(`the template cannot take {{${name}}} here`);
  return String(value as string | number | boolean);
}

function elementFiller(item: unknown): (values: ParameterValues) => unknown[] {
  const fill = fillerOf(item);
  if (typeof item !== 'string') return (values) => [fill(values)];
  const names = [...placeholdersIn(item)];
  return (values) => eachOfSet(names, values).map(fill);
}

/** One set of values for each combination of the set parameters that are named. */
function eachOfSet(names: readonly string[], values: ParameterValues): ParameterValues[] {
  let each: ParameterValues[] = [values];
  for (const name of names) {
    const value = values[name];
    if (Array.isArray(value))
      each = each.flatMap((one) => value.map((item: string) => ({ ...one, [name]: item })));
  }
  return each;
}
