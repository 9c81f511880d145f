import type { AwsStsScope } from './scope.js';

type Policy = AwsStsScope['sessionPolicy'];
type Statement = Exclude<Policy['Statement'], readonly unknown[]>;

/**
 * Whether one session policy certainly allows nothing that the other does not: every Allow stands below an Allow of
 * the other, and every Deny of the other is there too. False also where it cannot be seen.
 */
export function allowsNoMore(inner: Policy, outer: Policy): boolean {
  const ours = [inner.Statement].flat();
  const theirs = [outer.Statement].flat();
  const denies = theirs.filter(({ Effect }) => Effect === 'Deny');
  const allows = theirs.filter(({ Effect }) => Effect === 'Allow');
  return (
    denies.every((deny) => ours.some((one) => textOf(one) === textOf(deny))) &&
    ours.filter(({ Effect }) => Effect === 'Allow').every((one) => allows.some((over) => isBelow(one, over)))
  );
}

/** Templates have no NotAction and no NotResource in an Allow; where one stands nothing is below it, or above. */
function isBelow(one: Statement, over: Statement): boolean {
  if (!one.Action || !over.Action || !one.Resource || !over.Resource) return false;
  const actions = [over.Action].flat();
  const resources = [over.Resource].flat();
  return (
    [one.Action].flat().every((action) => actions.some((wide) => coversAction(wide, action))) &&
    [one.Resource].flat().every((resource) => resources.some((wide) => coversArn(wide, resource))) &&
    Object.entries(over.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, value]) =>
        isNarrower(operator, one.Condition?.[operator]?.[key], value),
      ),
    )
  );
}

/** The values of a condition are alternatives; patterns of StringLike (a folder in s3:prefix) may lie within others. */
function isNarrower(operator: string, ours: unknown, theirs: unknown): boolean {
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return true;
  if (operator !== 'StringLike' || ours === undefined) return false;
  const [values, wide] = [[ours].flat(), [theirs].flat()];
  return values.length > 0 && values.every((value) => wide.some((one) => coversText(one, value)));
}

const coversText = (wide: unknown, narrow: unknown): boolean =>
  typeof wide === 'string' &&
  typeof narrow === 'string' &&
  !`${wide}${narrow}`.includes('${') &&
  covers(wide, narrow);

const textOf = ({ Sid: _name, ...statement }: Statement): string => JSON.stringify(statement);

const coversAction = (wide: string, narrow: string): boolean =>
  covers(wide.toLowerCase(), narrow.toLowerCase());

/** Part by part, as ARNs are matched. What a policy variable stands for is not known here: it covers only itself. */
function coversArn(wide: string, narrow: string): boolean {
  if (wide === '*' || wide === narrow) return true;
  if (wide.includes('${') || narrow.includes('${') || narrow === '*') return false;
  const ours = partsOf(wide);
  const theirs = partsOf(narrow);
  return ours.every((part, i) => covers(part, theirs[i] ?? ''));
}

const partsOf = (arn: string): string[] => {
  const parts = arn.split(':');
  return [0, 1, 2, 3, 4].map((i) => parts[i] ?? '').concat(parts.slice(5).join(':'));
};

/** Whether all that the narrow pattern matches the wide one matches too: its `*` only `*` takes, its `?` both. */
function covers(wide: string, narrow: string): boolean {
  const source = wide
    .replace(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replace(/\*+/g, '[^]*')
    .replaceAll('?', '[^*]');
  return new RegExp(`^${source}$`).test(narrow);
}
