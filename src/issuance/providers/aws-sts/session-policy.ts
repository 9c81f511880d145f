import { z } from 'zod';

const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const scalar = z.union([z.string(), z.number(), z.boolean()]);

const statement = z.strictObject({
  Sid: z
    .string()
    .regex(/^[0-9A-Za-z]*$/)
    .optional()
    .describe('Name of the statement.'),
  Effect: z.enum(['Allow', 'Deny']).describe('A Deny beats every Allow.'),
  Action: oneOrMore.optional().describe('Actions, each with its service; no parameters.'),
  NotAction: oneOrMore.optional().describe('Every action but these; in a Deny only.'),
  Resource: oneOrMore.optional().describe('ARNs; parameters may stand in them.'),
  NotResource: oneOrMore.optional().describe('Everything but these; in a Deny only.'),
  Condition: z
    .record(z.string(), z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])))
    .optional()
    .describe('Operators, keys and values; parameters may stand in the values.'),
});

type Statement = z.output<typeof statement>;

/** A session policy in the grammar of IAM, without principals, which session policies cannot have. */
export const sessionPolicy = z.strictObject({
  Version: z.literal('2012-10-17').default('2012-10-17').describe('Of the policy language.'),
  Statement: z.union([statement, z.array(statement).min(1)]).describe('One statement, or several.'),
});

/**
 * With these a session could outlive or widen what it was given: by another session, by tags of its own, or by a
 * slice of itself that the broker does not know of.
 */
export const sessionMakers = [
  'sts:AssumeRole',
  'sts:AssumeRoot',
  'sts:GetDelegatedAccessToken',
  'sts:GetFederationToken',
  'sts:GetScopedCredentials',
  'sts:GetSessionToken',
  'sts:GetWebIdentityToken',
  'sts:SetSourceIdentity',
  'sts:TagSession',
];

/** With these, and on the roles that are cut off with it, a session may go on. */
const goingOn = ['sts:assumerole', 'sts:setsourceidentity'];

/**
 * What is wrong with a template beyond its grammar, one sentence each. `chainedRoles`: the only ones that a session may
 * go on to.
 */
export const problemsOf = (
  policy: z.output<typeof sessionPolicy>,
  chainedRoles: readonly string[] = [],
): readonly string[] =>
  [policy.Statement]
    .flat()
    .flatMap((one) => [...shapeProblems(one), ...allowProblems(one, new Set(chainedRoles))]);

function shapeProblems(one: Statement): string[] {
  const problems: string[] = [];
  if ((one.Action === undefined) === (one.NotAction === undefined))
    problems.push('a statement has either Action or NotAction');
  if ((one.Resource === undefined) === (one.NotResource === undefined))
    problems.push('a statement has either Resource or NotResource');
  const names = [one.Action ?? [], one.NotAction ?? [], Object.keys(one.Condition ?? {})].flat();
  const keys = Object.values(one.Condition ?? {}).flatMap((condition) => Object.keys(condition));
  if ([...names, ...keys].some((name) => name.includes('{{')))
    problems.push('parameters may stand in resources and in values of conditions only');
  return problems;
}

function allowProblems(one: Statement, chainedRoles: ReadonlySet<string>): string[] {
  if (one.Effect !== 'Allow') return [];
  const problems: string[] = [];
  if (one.NotAction !== undefined || one.NotResource !== undefined)
    problems.push('an Allow names what it allows: Action and Resource, not NotAction or NotResource');
  const actions = [one.Action ?? []].flat();
  const everywhere = [one.Resource ?? []].flat().some((resource) => /^(arn)?[*?:]+$/.test(resource));
  const resources = [one.Resource ?? []].flat();
  const goesOn = resources.length > 0 && resources.every((resource) => chainedRoles.has(resource));
  for (const action of actions) {
    if (goesOn && goingOn.includes(action.toLowerCase())) continue;
    const problem = actionProblem(action, everywhere);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

function actionProblem(action: string, everywhere: boolean): string | undefined {
  const [service = '', name] = action.split(':');
  if (name === undefined || /^[*?]+$/.test(service))
    return `"${action}" allows every service${everywhere ? ' on every resource' : ''}; name the service`;
  if (changesIam(action))
    return `"${action}" could change what the session is held to; of iam only Get and List are allowed`;
  const maker = sessionMakers.find((known) => covers(action, known));
  return maker && `"${action}" allows ${maker}, with which the session could make sessions of its own`;
}

/** Whether an action, with its wildcards, covers anything of IAM but `Get` and `List`. */
export function changesIam(action: string): boolean {
  const [service = '', name = '*'] = action.split(':');
  return covers(service, 'iam') && !/^(get|list)/i.test(name);
}

/** Whether a name with wildcards covers the whole name. Actions are case-insensitive. */
export function covers(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(name);
}
