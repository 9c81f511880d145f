import type { CatalogEntry } from '../../../../policy/catalog.js';
import type { AwsStsSettings } from '../settings.js';
import { denyRights } from './judge.js';
import { type RolePlan, rolePlans } from './plan.js';
import { type Allow, widestStatements } from './widest.js';

export interface Document {
  readonly Version: '2012-10-17';
  readonly Statement: readonly object[];
}

/** What to create at AWS, exactly. */
export interface PolicySet {
  readonly roles: readonly {
    readonly role: string;
    readonly entries: readonly string[];
    readonly trust: Document;
    /** To be attached as a managed policy: inline policies take the room of the deny document. */
    readonly permissions: Document;
    /** Where leases are denied: the managed policy of this ARN is the role's permissions boundary. */
    readonly boundary?: { readonly arn: string; readonly document: Document };
  }[];
  /** Of who opens the sessions: the broker, or the role on its way. */
  readonly opener: Document;
  /** Of the broker, where a role is on its way. */
  readonly broker?: Document;
  /** Of the roles that write denies in other accounts. */
  readonly revokers: readonly { readonly role: string; readonly permissions: Document }[];
  /** For `protem aws check`, while it runs. */
  readonly check: Document;
}

/** `principal`: the ARN of the broker's user or role. */
export function policySet(
  settings: AwsStsSettings,
  entries: readonly CatalogEntry[],
  principal: string,
): PolicySet {
  const plans = rolePlans(entries, settings);
  return {
    roles: plans.map((plan) => {
      const permissions = document(widestStatements(plan).concat(slicing(plan)));
      return {
        role: plan.role,
        entries: plan.entries,
        trust: trustOf(plan, plan.via ?? principal),
        permissions,
        ...(plan.denied ? { boundary: boundaryOf(plan, permissions) } : {}),
      };
    }),
    opener: document(plans.flatMap((plan) => openerStatements(plan))),
    ...(settings.via === undefined ? {} : { broker: document([allow('sts:AssumeRole', settings.via.role)]) }),
    revokers: plans.flatMap((plan) =>
      plan.denied && plan.deniedIn.revoker !== undefined
        ? [{ role: plan.deniedIn.revoker, permissions: document(denyStatements(plan)) }]
        : [],
    ),
    check: document([
      ...plans.map(({ role }) => allow(readingRole, role)),
      allow(['iam:GetPolicy', 'iam:GetPolicyVersion'], '*'),
      allow('iam:SimulatePrincipalPolicy', principal),
    ]),
  };
}

const readingRole = [
  'iam:GetRole',
  'iam:GetRolePolicy',
  'iam:ListAttachedRolePolicies',
  'iam:ListRolePolicies',
];

/**
 * Tagging and naming a session come with opening it, so that is where the conditions stand: `sts:RoleSessionName` and
 * `sts:ExternalId` are keys of AssumeRole, and not of the other two (Service Authorization Reference, AWS STS).
 */
function trustOf({ stsActions, namePrefix, externalId }: RolePlan, opener: string): Document {
  const [open, ...along] = stsActions;
  const Principal = { AWS: opener };
  return document([
    {
      Effect: 'Allow',
      Principal,
      Action: open,
      Condition: {
        StringLike: { 'sts:RoleSessionName': `${namePrefix}*` },
        ...(externalId === undefined ? {} : { StringEquals: { 'sts:ExternalId': externalId } }),
      },
    },
    ...(along.length > 0 ? [{ Effect: 'Allow', Principal, Action: along }] : []),
  ]);
}

function openerStatements(plan: RolePlan): object[] {
  const { role, stsActions, denied, deniedIn } = plan;
  const own = [allow([...stsActions], role)];
  if (!denied) return own;
  return deniedIn.revoker === undefined
    ? [...own, ...denyStatements(plan)]
    : [...own, allow('sts:AssumeRole', deniedIn.revoker)];
}

/** Writing policies into a role could give it any right; its boundary is what stops that. */
function denyStatements(plan: RolePlan): object[] {
  const { writes, reads, resource } = denyRights(plan);
  const Condition = { StringEquals: { 'iam:PermissionsBoundary': boundaryArn(plan) } };
  const write = allow(writes, resource);
  return [allow(reads, resource), plan.deniedIn.boundary === undefined ? { ...write, Condition } : write];
}

/** The boundary holds the role to what it is for; one that the denies stand in lets through all the others. */
const boundaryOf = (plan: RolePlan, permissions: Document) => ({
  arn: boundaryArn(plan),
  document: plan.deniedIn.boundary === undefined ? permissions : document([allow('*', '*')]),
});

const slicing = ({ sliced }: RolePlan): Allow[] => (sliced ? [allow('sts:GetScopedCredentials', '*')] : []);

const boundaryArn = ({ role, deniedIn: { boundary } }: RolePlan): string => {
  if (boundary !== undefined) return boundary;
  const [, partition = '', , , account = ''] = role.split(':');
  return `arn:${partition}:iam::${account}:policy/protem-${role.slice(role.lastIndexOf('/') + 1)}`;
};

const allow = (Action: string | string[], Resource: string): Allow => ({ Effect: 'Allow', Action, Resource });

const document = (Statement: readonly object[]): Document => ({ Version: '2012-10-17', Statement });
