import { z } from 'zod';
import { Fault } from '../../../kernel/fault.js';
import { problemsOf, sessionPolicy } from './session-policy.js';
import { policyArn, roleArn } from './settings.js';

/** Inline session policy and ARNs of managed ones together, in characters (IAM and AWS STS quotas). */
export const longestSessionPolicy = 2048;

/**
 * Ends the policy of every slice that is handed over, so that its holder cannot cut slices of its own. Whether
 * GetScopedCredentials needs an Allow at all is not documented where we looked.
 */
const noSlicing = { Effect: 'Deny', Action: 'sts:GetScopedCredentials', Resource: '*' } as const;

/** The `mint` section of a catalog entry. Placeholders stand in the session policy only. */
export const scope = z
  .strictObject({
    role: roleArn.describe('Role that the session is opened on.'),
    roles: z
      .array(roleArn)
      .default([])
      .describe(
        'Further roles with the same rights: taken when the deny document of those before has no room.',
      ),
    cutOff: z
      .array(z.enum(['deny', 'slices']))
      .refine((ways) => new Set(ways).size === ways.length, 'each way once')
      .default([])
      .describe(
        'How a lease is ended before its session would end. `deny`: by a policy on its role. `slices`: it is handed sessions of a few minutes, and refused the next one. Empty: it lives until its own end.',
      ),
    chainedRoles: z
      .array(roleArn)
      .default([])
      .describe(
        'Roles that the session may go on to; cut off with it, by its source identity. Needs `cutOff: [deny]` and `sourceIdentity`.',
      ),
    sessionPolicy: sessionPolicy.describe(
      'What the session may do at most, as an IAM policy: it narrows the role and never widens it.',
    ),
    policyArns: z
      .array(policyArn)
      .max(10)
      .default([])
      .describe('Managed policies that are session policies too; what any of them allows is allowed.'),
    tags: z
      .boolean()
      .default(false)
      .describe(
        'Whether the session carries the tags task, agent and lease; the role must allow sts:TagSession.',
      ),
    sourceIdentity: z
      .boolean()
      .default(false)
      .describe(
        'Whether the session carries its task as SourceIdentity, for chained sessions too; the role must allow sts:SetSourceIdentity.',
      ),
  })
  .superRefine((entry, context) => {
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const denied = entry.cutOff.includes('deny');
    if (entry.roles.length > 0 && !denied) wrong('roles', 'only together with cutOff: [deny]');
    if (entry.chainedRoles.length > 0 && !(denied && entry.sourceIdentity))
      wrong('chainedRoles', 'only together with cutOff: [deny] and sourceIdentity: true');
    for (const message of problemsOf(entry.sessionPolicy, entry.chainedRoles))
      wrong('sessionPolicy', message);
    // What stands in for a placeholder may be as short as one character.
    const least = policyText(entry).replace(/\{\{.*?\}\}/g, '?').length + arnsLength(entry.policyArns);
    if (least > longestSessionPolicy)
      wrong(
        'sessionPolicy',
        `${least} characters with the policyArns, and STS takes ${longestSessionPolicy}`,
      );
    if (isSliced(entry) && entry.policyArns.length > 0)
      wrong('policyArns', 'a slice takes an inline policy only; put into it what these allow');
  });

export type AwsStsScope = z.output<typeof scope>;

/** Whether leases of the entry are cut in slices; `cutOff` is missing where defaults have not been filled in. */
export const isSliced = ({ cutOff = [] }: Partial<Pick<AwsStsScope, 'cutOff'>>): boolean =>
  cutOff.includes('slices');

/** What the session is held to, as STS gets it. */
const policyText = ({ sessionPolicy, ...entry }: Pick<AwsStsScope, 'sessionPolicy' | 'cutOff'>): string =>
  render(
    isSliced(entry)
      ? { ...sessionPolicy, Statement: [...[sessionPolicy.Statement].flat(), noSlicing] }
      : sessionPolicy,
  );

/** The policy of a slice that is kept here, to cut the next one from: it has to be allowed that. */
export const ancestorText = ({ sessionPolicy }: Pick<AwsStsScope, 'sessionPolicy'>): string =>
  render({
    ...sessionPolicy,
    Statement: [...[sessionPolicy.Statement].flat(), { ...noSlicing, Effect: 'Allow' }],
  });

/** The policy without white space, and nothing outside the characters it takes. */
export const render = (policy: AwsStsScope['sessionPolicy']): string =>
  JSON.stringify(policy).replace(
    /[\u0100-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export type FilledScope = AwsStsScope & { readonly policyText: string };

/**
 * The scope of an order, checked again now that the parameters are in it. Throws Fault `credential.parameters` when
 * they make it something that the entry could not have been.
 */
export function filledScope(filled: unknown): FilledScope {
  const parsed = scope.safeParse(filled);
  if (!parsed.success)
    throw new Fault('credential.parameters', 'The parameters make no session policy that the entry allows.', {
      reason: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    });
  const text = policyText(parsed.data);
  const length = text.length + arnsLength(parsed.data.policyArns);
  if (length > longestSessionPolicy)
    throw new Fault(
      'credential.parameters',
      `The parameters make a session policy of ${length} characters; STS takes ${longestSessionPolicy}.`,
    );
  return { ...parsed.data, policyText: text };
}

const arnsLength = (arns: readonly string[]): number => arns.reduce((sum, arn) => sum + arn.length, 0);
