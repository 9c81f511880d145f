import type { CatalogEntry, ParameterRule, ParameterValues } from '../policy/catalog.js';

/**
 * The names of the parameters that are not within what was asked for. What is narrower is known for folders (a longer
 * path below one that ends in "/") and for sets; of all else only the same is.
 */
export function widerParameters(
  entry: Pick<CatalogEntry, 'parameters'>,
  asked: ParameterValues,
  wanted: ParameterValues,
): string[] {
  const names = new Set([...Object.keys(asked), ...Object.keys(wanted)]);
  return [...names].filter((name) => !isWithin(entry.parameters[name], asked[name], wanted[name]));
}

function isWithin(
  rule: ParameterRule | undefined,
  asked: ParameterValues[string] | undefined,
  wanted: ParameterValues[string] | undefined,
): boolean {
  if (!rule || asked === undefined || wanted === undefined) return false;
  if (rule.type === 'path' && typeof asked === 'string' && typeof wanted === 'string')
    return wanted === asked || (asked.endsWith('/') && wanted.startsWith(asked));
  if (rule.type === 'set' && Array.isArray(asked) && Array.isArray(wanted))
    return wanted.every((value) => asked.includes(value));
  return asked === wanted;
}
