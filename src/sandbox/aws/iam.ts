import { parseOrRefuse } from './assume-role-request.js';
import { isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Call } from './call.js';
import { iamReads } from './iam-reads.js';
import { policyVersions } from './policy-versions.js';
import { mustSatisfy, type Parameters, type QueryService, required } from './query-api.js';
import type { Role } from './world.js';
import type { XmlElements } from './xml.js';

/** All inline policies of a role together, white space not counted (IAM and AWS STS quotas). */
const inlineQuota = 10_240;

export const iam: QueryService = {
  version: '2010-05-08',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  actions: {
    GetRole: getRole,
    PutRolePolicy: putRolePolicy,
    GetRolePolicy: getRolePolicy,
    ListRolePolicies: listRolePolicies,
    DeleteRolePolicy: deleteRolePolicy,
    ...policyVersions,
    ...iamReads(roleOf),
  },
};

function getRole(parameters: Parameters, call: Call): XmlElements {
  const role = roleOf(parameters, call, 'iam:GetRole');
  return {
    Role: {
      Path: role.path,
      RoleName: role.name,
      RoleId: role.id,
      Arn: role.arn,
      CreateDate: isoSeconds(role.createdAt),
      AssumeRolePolicyDocument: encodeURIComponent(role.trust.text),
      MaxSessionDuration: role.maxSessionSeconds,
      PermissionsBoundary: role.boundary && {
        PermissionsBoundaryType: 'Policy',
        PermissionsBoundaryArn: role.boundary.arn,
      },
      RoleLastUsed: {},
    },
  };
}

/** There is no concurrency check at AWS: the last writer wins, silently. */
function putRolePolicy(parameters: Parameters, call: Call): undefined {
  const role = roleOf(parameters, call, 'iam:PutRolePolicy');
  const name = policyName(parameters);
  const text = required(parameters, 'PolicyDocument');
  mustSatisfy('policyDocument', text, /^[\t\n\r\u0020-\u00FF]+$/, 1, 131_072);
  const policy = parseOrRefuse(text);
  const others = [...role.inline.latest]
    .filter(([other]) => other !== name)
    .map(([, document]) => document.text);
  const size = [...others, text].reduce((sum, document) => sum + document.replace(/\s/g, '').length, 0);
  if (size > inlineQuota)
    throw new AwsError(
      'LimitExceeded',
      409,
      `Maximum policy size of ${inlineQuota} bytes exceeded for role ${role.name}`,
    );
  role.inline.change(new Map([...role.inline.latest, [name, { text, policy }]]), call.now);
}

function getRolePolicy(parameters: Parameters, call: Call): XmlElements {
  const role = roleOf(parameters, call, 'iam:GetRolePolicy');
  const name = policyName(parameters);
  const document = role.inline.latest.get(name);
  if (!document) throw noPolicy(name);
  return {
    RoleName: role.name,
    PolicyName: name,
    PolicyDocument: encodeURIComponent(document.text),
  };
}

function listRolePolicies(parameters: Parameters, call: Call): XmlElements {
  const role = roleOf(parameters, call, 'iam:ListRolePolicies');
  const most = Math.max(1, parameters.integer('MaxItems') ?? 100);
  const start = parameters.text('Marker') ?? '';
  const names = [...role.inline.latest.keys()].toSorted().filter((name) => name >= start);
  const next = names[most];
  return {
    PolicyNames: { member: names.slice(0, most) },
    IsTruncated: next !== undefined,
    Marker: next,
  };
}

function deleteRolePolicy(parameters: Parameters, call: Call): undefined {
  const role = roleOf(parameters, call, 'iam:DeleteRolePolicy');
  const name = policyName(parameters);
  if (!role.inline.latest.has(name)) throw noPolicy(name);
  role.inline.change(new Map([...role.inline.latest].filter(([other]) => other !== name)), call.now);
}

/** IAM sees only the account of its caller; what the caller may not do it says before what there is. */
function roleOf(parameters: Parameters, { caller, world, authorize }: Call, action: string): Role {
  const name = required(parameters, 'RoleName');
  mustSatisfy('roleName', name, /^[\w+=,.@-]+$/, 1, 64);
  const { account } = caller.principal;
  const role = [...world.roles.values()].find((one) => one.account === account && one.name === name);
  authorize({
    action,
    resource: role?.arn ?? `arn:aws:iam::${account}:role/${name}`,
    resourceAccount: account,
    context: { 'iam:PermissionsBoundary': role?.boundary?.arn },
  });
  if (!role) throw new AwsError('NoSuchEntity', 404, `The role with name ${name} cannot be found.`);
  return role;
}

function policyName(parameters: Parameters): string {
  const name = required(parameters, 'PolicyName');
  mustSatisfy('policyName', name, /^[\w+=,.@-]+$/, 1, 128);
  return name;
}

const noPolicy = (name: string) =>
  new AwsError('NoSuchEntity', 404, `The role policy with name ${name} cannot be found.`);
