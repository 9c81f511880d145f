import { isUnknown, type Known, type RoleFacts } from './facts.js';
import { cannotTell, type Finding, type Judged, ok, problem } from './finding.js';
import { judgeAgentRights } from './judge-rights.js';
import { judgeTrust } from './judge-trust.js';
import type { RolePlan } from './plan.js';

/** All inline policies of a role together, and a document and one entry in it, in characters (IAM quotas). */
const inlineQuota = 10_240;
const emptyDocument = 330;
const oneTask = 17;

/** What writing denies takes: at the role, or at the versions of its boundary. */
export const denyRights = ({ role, deniedIn: { boundary } }: RolePlan) =>
  boundary === undefined
    ? {
        writes: ['iam:PutRolePolicy', 'iam:DeleteRolePolicy'],
        reads: ['iam:GetRole', 'iam:GetRolePolicy', 'iam:ListRolePolicies'],
        resource: role,
      }
    : {
        writes: ['iam:CreatePolicyVersion', 'iam:DeletePolicyVersion', 'iam:SetDefaultPolicyVersion'],
        reads: ['iam:GetPolicyVersion', 'iam:ListPolicyVersions'],
        resource: boundary,
      };

/** What the broker itself does, and to what; a role on the way or a revoker does the rest. */
export function brokerRights(
  plan: RolePlan,
): { readonly actions: readonly string[]; readonly resource: string }[] {
  const { writes, reads, resource } = denyRights(plan);
  const own = plan.denied && plan.deniedIn.revoker === undefined && plan.via === undefined;
  return [
    ...(plan.via === undefined ? [{ actions: plan.stsActions, resource: plan.role }] : []),
    ...(own ? [{ actions: [...writes, ...reads], resource }] : []),
  ];
}

const toRead = 'Give the broker the reading rights that `protem aws policy` prints, or look by hand.';

/** Everything there is to say about one role. Pure. */
export function judgeRole(
  plan: RolePlan,
  facts: RoleFacts,
  broker: string,
  rights: Known<ReadonlyMap<string, boolean>>,
): Finding[] {
  const { role } = facts;
  const judged: Judged[] = isUnknown(role)
    ? [cannotTell(`the role cannot be read (${role.unknown})`, toRead)]
    : [
        ...judgeTrust(role.trust, plan, plan.via ?? broker),
        judgeLength(role.maxSessionSeconds, plan),
        ...(plan.denied ? [judgeBoundary(role.boundaryArn, plan)] : []),
      ];
  if (plan.denied && plan.deniedIn.boundary === undefined) judged.push(judgeRoom(facts, plan));
  if (plan.unspared.length > 0) judged.push(judgeUnspared(plan));
  judged.push(...judgeBrokerRights(plan, rights), ...judgeAgentRights(facts, plan));
  return judged.map((one) => ({ role: plan.role, ...one }));
}

function judgeLength(maxSessionSeconds: number, { longestSeconds }: RolePlan): Judged {
  return longestSeconds <= maxSessionSeconds
    ? ok(`its sessions last up to ${maxSessionSeconds} s, and entries want ${longestSeconds} s at most`)
    : problem(
        `its sessions last up to ${maxSessionSeconds} s, and an entry wants ${longestSeconds} s`,
        'Raise MaxSessionDuration of the role, or lower maximumTtl of the entry.',
      );
}

function judgeBoundary(arn: string | undefined, { deniedIn: { boundary } }: RolePlan): Judged {
  if (arn === undefined)
    return problem(
      boundary === undefined
        ? 'the role has no permissions boundary, so who can write the deny document can write any right into it'
        : 'the role has no permissions boundary, and that is where its denies would stand',
      'Give the role the boundary that `protem aws policy` prints.',
    );
  return boundary === undefined || boundary === arn
    ? ok(`the role has the permissions boundary ${arn}`)
    : problem(`the role has the boundary ${arn}, and the denies stand in ${boundary}`, 'Make them the same.');
}

/** The cut of a deny document ends every session of the prefix that is older and is not named in it. */
const judgeUnspared = ({ unspared }: RolePlan): Judged =>
  problem(
    `sessions of this role are denied, and those of ${unspared.join(', ')} are not spared, as their entries do not say "deny"`,
    'Put `deny` into cutOff of all entries on the role, or give these another role.',
  );

/** While one document replaces another both are there, so each has half of what is left. */
function judgeRoom({ inline }: RoleFacts, { namePrefix }: RolePlan): Judged {
  if (isUnknown(inline)) return cannotTell(`its inline policies cannot be read (${inline.unknown})`, toRead);
  const ours = `protem-${namePrefix.slice(0, -1)}-`;
  const used = inline.filter(({ name }) => !name.startsWith(ours)).reduce((sum, { size }) => sum + size, 0);
  const tasks = Math.max(0, Math.floor(((inlineQuota - used) / 2 - emptyDocument) / oneTask));
  const what = `inline policies take ${used} of ${inlineQuota} characters, which leaves room for ${tasks} tasks at a time`;
  return tasks >= 100 ? ok(what) : problem(what, 'Move its inline policies into managed policies.');
}

function judgeBrokerRights(plan: RolePlan, rights: Known<ReadonlyMap<string, boolean>>): Judged[] {
  const needed = brokerRights(plan).flatMap(({ actions }) => actions);
  const elsewhere = plan.deniedIn.revoker ?? plan.via;
  const others =
    plan.denied && elsewhere !== undefined
      ? [
          cannotTell(
            `the denies are written by ${elsewhere}, whose rights are not looked at`,
            'Compare them with `protem aws policy`.',
          ),
        ]
      : [];
  if (needed.length === 0) return others;
  if (isUnknown(rights))
    return [
      ...others,
      cannotTell(
        `whether the broker may ${needed.join(', ')} could not be simulated (${rights.unknown})`,
        'Give the broker iam:SimulatePrincipalPolicy while checking, or compare with `protem aws policy`.',
      ),
    ];
  return others.concat(
    needed.map((action) =>
      rights.get(action) === true
        ? ok(`the broker may ${action}`)
        : problem(`the broker may not ${action}`, 'Give it the policy that `protem aws policy` prints.'),
    ),
  );
}
