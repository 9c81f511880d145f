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

/**
 * The section with every `{{parameter}}` filled in, in strings at any depth; keys stay as they are. A list element that
 * names a set parameter becomes one element for each of its values; elsewhere a set cannot stand. What was found sound
 * by `templateProblems` fills without a failure.
 */
export function fillTemplate<T>(template: T, values: ParameterValues): T {
  return fill(template, values) as T;
}

function eachText(part: unknown, visit: (text: string, inList: boolean) => void, inList = false): void {
  if (typeof part === 'string') visit(part, inList);
  else if (Array.isArray(part)) for (const item of part) eachText(item, visit, true);
  else if (typeof part === 'object' && part !== null)
    for (const inner of Object.values(part)) eachText(inner, visit);
}

function fill(part: unknown, values: ParameterValues): unknown {
  if (typeof part === 'string') return fillText(part, values);
  if (Array.isArray(part))
    return part.flatMap((item: unknown) =>
      typeof item === 'string'
        ? eachOfSet(item, values).map((one) => fillText(item, one))
        : [fill(item, values)],
    );
  if (typeof part === 'object' && part !== null)
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, fill(inner, values)]));
  return part;
}

const fillText = (text: string, values: ParameterValues): string =>
  !text.includes('{{')
    ? text
    : text.replace(placeholder, (whole, name: string) => {
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        if (value === undefined || Array.isArray(value))
          throw new Error(`the template cannot take ${whole} here`);
        return String(value as string | number | boolean);
      });

/** One set of values for each combination of the set parameters that the text names. */
function eachOfSet(text: string, values: ParameterValues): ParameterValues[] {
  let each: ParameterValues[] = [values];
  for (const name of placeholdersIn(text)) {
    const value = values[name];
    if (Array.isArray(value))
      each = each.flatMap((one) => value.map((item: string) => ({ ...one, [name]: item })));
  }
  return each;
}
