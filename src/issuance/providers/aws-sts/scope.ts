import { z } from 'zod';
import { Fault } from '../../../kernel/fault.js';
import { problemsOf, sessionPolicy } from './session-policy.js';
import { policyArn, roleArn } from './settings.js';

/** Inline session policy and ARNs of managed ones together, in characters (IAM and AWS STS quotas). */
export const longestSessionPolicy = 2048;

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
      .array(z.enum(['deny']))
      .default([])
      .describe(
        'How a session is cut off when its lease ends. `deny`: by a policy on its role. Empty: it lives until its own end.',
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
    const denied = entry.cutOff.includes('deny');
    if (entry.roles.length > 0 && !denied)
      context.addIssue({ code: 'custom', path: ['roles'], message: 'only together with cutOff: [deny]' });
    if (entry.chainedRoles.length > 0 && !(denied && entry.sourceIdentity))
      context.addIssue({
        code: 'custom',
        path: ['chainedRoles'],
        message: 'only together with cutOff: [deny] and sourceIdentity: true',
      });
    for (const message of problemsOf(entry.sessionPolicy, entry.chainedRoles))
      context.addIssue({ code: 'custom', path: ['sessionPolicy'], message });
    // What stands in for a placeholder may be as short as one character.
    const least =
      render(entry.sessionPolicy).replace(/\{\{.*?\}\}/g, '?').length + arnsLength(entry.policyArns);
    if (least > longestSessionPolicy)
      context.addIssue({
        code: 'custom',
        path: ['sessionPolicy'],
        message: `${least} characters with the policyArns, and STS takes ${longestSessionPolicy}`,
      });
  });

export type AwsStsScope = z.output<typeof scope>;

/** The policy as STS gets it: no white space, and nothing outside the characters it takes. */
export const render = (policy: AwsStsScope['sessionPolicy']): string =>
  JSON.stringify(policy).replace(
    /[\u0100-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * The scope of an order, checked again now that the parameters are in it. Throws Fault `credential.parameters` when
 * they make it something that the entry could not have been.
 */
export function filledScope(filled: unknown): AwsStsScope & { readonly policyText: string } {
  const parsed = scope.safeParse(filled);
  if (!parsed.success)
    throw new Fault('credential.parameters', 'The parameters make no session policy that the entry allows.', {
      reason: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    });
  const policyText = render(parsed.data.sessionPolicy);
  const length = policyText.length + arnsLength(parsed.data.policyArns);
  if (length > longestSessionPolicy)
    throw new Fault(
      'credential.parameters',
      `The parameters make a session policy of ${length} characters; STS takes ${longestSessionPolicy}.`,
    );
  return { ...parsed.data, policyText };
}

const arnsLength = (arns: readonly string[]): number => arns.reduce((sum, arn) => sum + arn.length, 0);
