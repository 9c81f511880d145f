import { parseOrRefuse } from './assume-role-request.js';
import { isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Call } from './call.js';
import { type Action, mustSatisfy, type Parameters, required } from './query-api.js';
import type { ManagedPolicy } from './world.js';
import type { XmlElements } from './xml.js';

/** Characters of a managed policy, white space not counted, and versions of it at most (IAM and AWS STS quotas). */
const quota = 6144;
const mostVersions = 5;

/** The versions of customer managed policies, such as permissions boundaries. */
export const policyVersions: Readonly<Record<string, Action>> = {
  CreatePolicyVersion: createPolicyVersion,
  DeletePolicyVersion: deletePolicyVersion,
  GetPolicyVersion: getPolicyVersion,
  ListPolicyVersions: listPolicyVersions,
  SetDefaultPolicyVersion: setDefaultPolicyVersion,
};

function createPolicyVersion(parameters: Parameters, call: Call): XmlElements {
  const policy = policyOf(parameters, call, 'iam:CreatePolicyVersion');
  const text = required(parameters, 'PolicyDocument');
  mustSatisfy('policyDocument', text, /^[\t\n\r\u0020-\u00FF]+$/, 1, 131_072);
  const parsed = parseOrRefuse(text);
  if (text.replace(/\s/g, '').length > quota)
    throw new AwsError('LimitExceeded', 409, `Cannot exceed quota for PolicySize: ${quota}`);
  if (policy.versions.size >= mostVersions)
    throw new AwsError(
      'LimitExceeded',
      409,
      `A managed policy can have up to ${mostVersions} versions. Before you create a new version, you must delete an existing version.`,
    );
  const id = `v${policy.nextVersion++}`;
  policy.versions.set(id, { text, policy: parsed });
  if (parameters.text('SetAsDefault') === 'true') policy.current.change(id, call.now);
  return { PolicyVersion: versionOf(policy, id, call.now) };
}

function deletePolicyVersion(parameters: Parameters, call: Call): undefined {
  const policy = policyOf(parameters, call, 'iam:DeletePolicyVersion');
  const id = versionId(parameters, policy);
  if (policy.current.latest === id)
    throw new AwsError('DeleteConflict', 409, 'Cannot delete the default version of a policy.');
  policy.versions.delete(id);
}

function getPolicyVersion(parameters: Parameters, call: Call): XmlElements {
  const policy = policyOf(parameters, call, 'iam:GetPolicyVersion');
  const id = versionId(parameters, policy);
  const { text } = policy.versions.get(id)!;
  return { PolicyVersion: { Document: encodeURIComponent(text), ...versionOf(policy, id, call.now) } };
}

function listPolicyVersions(parameters: Parameters, call: Call): XmlElements {
  const policy = policyOf(parameters, call, 'iam:ListPolicyVersions');
  const member = [...policy.versions.keys()].toReversed().map((id) => versionOf(policy, id, call.now));
  return { Versions: { member }, IsTruncated: false };
}

function setDefaultPolicyVersion(parameters: Parameters, call: Call): undefined {
  const policy = policyOf(parameters, call, 'iam:SetDefaultPolicyVersion');
  policy.current.change(versionId(parameters, policy), call.now);
}

function policyOf(parameters: Parameters, { caller, world, authorize }: Call, action: string): ManagedPolicy {
  const arn = required(parameters, 'PolicyArn');
  authorize({ action, resource: arn, resourceAccount: caller.principal.account });
  const policy = arn.split(':')[4] === caller.principal.account ? world.managedPolicies.get(arn) : undefined;
  if (!policy) throw new AwsError('NoSuchEntity', 404, `Policy ${arn} was not found.`);
  return policy;
}

function versionId(parameters: Parameters, policy: ManagedPolicy): string {
  const id = required(parameters, 'VersionId');
  if (policy.versions.has(id)) return id;
  throw new AwsError('NoSuchEntity', 404, `Policy ${policy.arn} version ${id} does not exist.`);
}

const versionOf = (policy: ManagedPolicy, VersionId: string, now: number): XmlElements => ({
  VersionId,
  IsDefaultVersion: policy.current.latest === VersionId,
  CreateDate: isoSeconds(now),
});
