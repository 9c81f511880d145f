import { AwsError } from './aws-error.js';
import type { Call } from './call.js';
import { evaluate } from './evaluator/evaluate.js';
import { type Action, type Parameters, required } from './query-api.js';
import type { Role } from './world.js';
import type { XmlElements } from './xml.js';

type RoleOf = (parameters: Parameters, call: Call, action: string) => Role;

/** What `protem aws check` reads beside inline policies. */
export const iamReads = (roleOf: RoleOf): Readonly<Record<string, Action>> => ({
  ListAttachedRolePolicies: (parameters, call) => {
    const { attached } = roleOf(parameters, call, 'iam:ListAttachedRolePolicies');
    return {
      AttachedPolicies: {
        member: attached.map(({ arn }) => ({
          PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
          PolicyArn: arn,
        })),
      },
      IsTruncated: false,
    };
  },
  GetPolicy: (parameters, { caller, world, authorize }) => {
    const arn = required(parameters, 'PolicyArn');
    authorize({ action: 'iam:GetPolicy', resource: arn, resourceAccount: caller.principal.account });
    const policy = world.managedPolicies.get(arn);
    if (!policy) throw new AwsError('NoSuchEntity', 404, `Policy ${arn} was not found.`);
    return {
      Policy: {
        PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
        Arn: arn,
        Path: '/',
        DefaultVersionId: policy.current.latest,
        IsAttachable: true,
      },
    };
  },
  SimulatePrincipalPolicy: simulatePrincipalPolicy,
});

/** Of the users and roles of the account, and of their identity policies: as far as callers here ask. */
function simulatePrincipalPolicy(parameters: Parameters, { world, caller, authorize }: Call): XmlElements {
  const source = required(parameters, 'PolicySourceArn');
  const { account } = caller.principal;
  authorize({ action: 'iam:SimulatePrincipalPolicy', resource: source, resourceAccount: account });
  const identity = identityOf(source, world);
  if (!identity) throw new AwsError('NoSuchEntity', 404, `No entity of the ARN ${source}.`);
  const resources = parameters.list('ResourceArns').map((arn) => arn ?? '');
  const context = contextOf(parameters);
  const results = parameters.list('ActionNames').flatMap((action = '') =>
    (resources.length > 0 ? resources : ['*']).map((resource) => {
      const request = { action, resource, resourceAccount: account, context };
      const decision = evaluate({ ...request, principal: { arn: source, account } }, { identity });
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: {
          allowed: 'allowed',
          explicitly_denied: 'explicitDeny',
          implicitly_denied: 'implicitDeny',
        }[decision.is],
      };
    }),
  );
  return { EvaluationResults: { member: results }, IsTruncated: false };
}

function identityOf(arn: string, { roles, keys }: Call['world']) {
  const role = roles.get(arn);
  if (role) {
    const attached = role.attached.map(({ versions, current }) => versions.get(current.latest)!);
    return [...role.inline.latest.values(), ...attached].map(({ policy }) => policy);
  }
  for (const { owner } of keys.values())
    if ('user' in owner && owner.user.arn === arn) return owner.user.policies;
  return undefined;
}

function contextOf(parameters: Parameters): ReadonlyMap<string, string> {
  const names = parameters.list('ContextEntries', 'ContextKeyName');
  return new Map(
    names.map((name = '', i) => [
      name.toLowerCase(),
      parameters.text(`ContextEntries.member.${i + 1}.ContextKeyValues.member.1`) ?? '',
    ]),
  );
}
