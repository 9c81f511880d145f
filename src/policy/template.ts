import type { ParameterValues } from './catalog.js';

const placeholder = /\{\{\s*([A-Za-z][\w-]*)\s*\}\}/g;

/** Names of the parameters that a provider's section of an entry uses. */
export function placeholdersIn(template: unknown): Set<string> {
  const names = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part === 'string') for (const [, name] of part.matchAll(placeholder)) names.add(name!);
    else if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) Object.values(part).forEach(visit);
  };
  visit(template);
  return names;
}

/**
 * The section with every `{{parameter}}` filled in, in strings at any depth; keys stay as they are. A list element that
 * names a set parameter becomes one element for each of its values; elsewhere a set cannot stand.
 */
export function fillTemplate<T>(template: T, values: ParameterValues): T {
  return fill(template, values) as T;
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
  text.replace(placeholder, (whole, name: string) => {
    const value = values[name];
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
