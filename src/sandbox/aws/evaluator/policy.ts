import { z } from 'zod';

/** What kind of policy a document is: it decides which elements it must and must not have. */
export type PolicyUse = 'permission' | 'resource' | 'trust';

export interface Condition {
  readonly operator: string;
  readonly ifExists: boolean;
  /** Lower case: names of context keys are case-insensitive. */
  readonly key: string;
  readonly values: readonly string[];
}

/** Either the elements that match, or (`but`) those that do not. */
export interface Selection {
  readonly but: boolean;
  readonly patterns: readonly string[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Selection;
  readonly resources: Selection;
  /** Values of `Principal: {"AWS": ...}`, `*` for everyone; undefined in policies that have no principals. */
  readonly principals: readonly string[] | undefined;
  readonly conditions: readonly Condition[];
  /** `${...}` is a variable from version 2012-10-17 on. */
  readonly variables: boolean;
}

export interface Policy {
  readonly statements: readonly Statement[];
}

/** The document breaks the grammar of IAM, or uses a part of it that is not modelled here. */
export class MalformedPolicy extends Error {}

/** The operators that are modelled; any other one in a document is refused rather than guessed at. */
export const operators = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'Null',
] as const;

const oneOrMore = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value));
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const conditionValues = z
  .union([scalar, z.array(scalar).min(1)])
  .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value));

const statementDocument = z.strictObject({
  Sid: z
    .string()
    .regex(/^[0-9A-Za-z]*$/)
    .optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.strictObject({ AWS: oneOrMore })]).optional(),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Condition: z.record(z.string(), z.record(z.string(), conditionValues)).optional(),
});

const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).default('2008-10-17'),
  Id: z.string().optional(),
  Statement: z
    .union([statementDocument, z.array(statementDocument).min(1)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
});

/**
 * Reads a policy document by the grammar of IAM (User Guide, "Grammar of the IAM JSON policy language").
 * Throws MalformedPolicy. Not modelled, and so refused: NotPrincipal, principals other than AWS, the numeric,
 * ARN, IP and binary operators, and ForAllValues/ForAnyValue.
 */
export function parsePolicy(text: string, use: PolicyUse = 'permission'): Policy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MalformedPolicy('This policy contains invalid Json');
  }
  const parsed = document.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new MalformedPolicy(`Syntax errors in policy at /${issue?.path.join('/')}: ${issue?.message}`);
  }
  const variables = parsed.data.Version === '2012-10-17';
  return { statements: parsed.data.Statement.map((raw) => readStatement(raw, use, variables)) };
}

function readStatement(
  raw: z.infer<typeof statementDocument>,
  use: PolicyUse,
  variables: boolean,
): Statement {
  if ((use === 'permission') === (raw.Principal !== undefined))
    throw new MalformedPolicy(
      use === 'permission'
        ? 'Policy document should not specify a principal.'
        : 'Missing required field Principal',
    );
  const actions = select('Action', raw.Action, raw.NotAction);
  for (const action of actions.patterns)
    if (action !== '*' && !/^[a-z0-9*?-]+:[A-Za-z0-9*?]+$/i.test(action))
      throw new MalformedPolicy('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
  return {
    sid: raw.Sid,
    effect: raw.Effect,
    actions,
    resources: readResources(raw, use),
    principals: raw.Principal === '*' ? ['*'] : raw.Principal?.AWS,
    conditions: readConditions(raw.Condition ?? {}),
    variables,
  };
}

function readResources(raw: z.infer<typeof statementDocument>, use: PolicyUse): Selection {
  if (use === 'trust') {
    if (raw.Resource || raw.NotResource) throw new MalformedPolicy('Has prohibited field Resource');
    return { but: false, patterns: ['*'] };
  }
  const resources = select('Resource', raw.Resource, raw.NotResource);
  for (const resource of resources.patterns)
    if (resource !== '*' && !/^arn:([^:$]*:){4}./.test(resource))
      throw new MalformedPolicy(`Resource ${resource} must be in ARN format or "*".`);
  return resources;
}

function select(
  name: string,
  these: readonly string[] | undefined,
  but: readonly string[] | undefined,
): Selection {
  const patterns = these ?? but;
  if (!patterns || (these && but))
    throw new MalformedPolicy(`Policy statement must contain ${name} or Not${name}, and not both.`);
  return { but: these === undefined, patterns };
}

function readConditions(raw: Record<string, Record<string, readonly string[]>>): Condition[] {
  const conditions: Condition[] = [];
  for (const [name, keys] of Object.entries(raw)) {
    const ifExists = name.endsWith('IfExists');
    const operator = ifExists ? name.slice(0, -'IfExists'.length) : name;
    if (!(operators as readonly string[]).includes(operator) || (ifExists && operator === 'Null'))
      throw new MalformedPolicy(`Invalid Condition type : ${name}.`);
    for (const [key, values] of Object.entries(keys)) {
      if (!values.every((value) => isValueOf(operator, value)))
        throw new MalformedPolicy(`Invalid value for condition ${name} on ${key}.`);
      conditions.push({ operator, ifExists, key: key.toLowerCase(), values });
    }
  }
  return conditions;
}

const isValueOf = (operator: string, value: string): boolean =>
  operator.startsWith('Date')
    ? !Number.isNaN(instant(value))
    : operator.startsWith('String') || /^(true|false)$/i.test(value);

/** Milliseconds from ISO 8601 or from seconds since the epoch; NaN when it is neither. */
export const instant = (text: string): number =>
  /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
