import { type Context, matchesValue } from './pattern.js';
import { type Condition, instant, type Statement } from './policy.js';

const negated = new Set(['StringNotEquals', 'StringNotEqualsIgnoreCase', 'StringNotLike', 'DateNotEquals']);

/** All conditions hold: keys and operators are ANDed, the values of one key are ORed. */
export const conditionsHold = (statement: Statement, context: Context): boolean =>
  statement.conditions.every((condition) => holds(condition, context, statement.variables));

/**
 * An operator that asks for a match fails on a key that is not there; one that asks for no match holds
 * (IAM User Guide, "IAM JSON policy elements: Condition operators").
 */
function holds(
  { operator, ifExists, key, values }: Condition,
  context: Context,
  variables: boolean,
): boolean {
  const actual = context.get(key);
  if (operator === 'Null')
    return values.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  if (actual === undefined) return ifExists || negated.has(operator);
  const answers = values.map((value) => agrees(operator, actual, value, variables ? context : undefined));
  return negated.has(operator) ? answers.every((answer) => answer === false) : answers.includes(true);
}

function agrees(
  operator: string,
  actual: string,
  value: string,
  context: Context | undefined,
): boolean | undefined {
  switch (operator) {
    case 'StringEquals':
    case 'StringNotEquals':
      return matchesValue(value, actual, context, false);
    case 'StringEqualsIgnoreCase':
    case 'StringNotEqualsIgnoreCase':
      return matchesValue(value.toLowerCase(), actual.toLowerCase(), lowerCased(context), false);
    case 'StringLike':
    case 'StringNotLike':
      return matchesValue(value, actual, context, true);
    case 'Bool':
      return value.toLowerCase() === actual.toLowerCase();
    default:
      return compares(operator, instant(actual), instant(value));
  }
}

const lowerCased = (context: Context | undefined): Context | undefined =>
  context && new Map([...context].map(([key, value]) => [key, value.toLowerCase()]));

function compares(operator: string, actual: number, bound: number): boolean {
  switch (operator) {
    case 'DateEquals':
    case 'DateNotEquals':
      return actual === bound;
    case 'DateLessThan':
      return actual < bound;
    case 'DateLessThanEquals':
      return actual <= bound;
    case 'DateGreaterThan':
      return actual > bound;
    case 'DateGreaterThanEquals':
      return actual >= bound;
    default:
      return false;
  }
}
