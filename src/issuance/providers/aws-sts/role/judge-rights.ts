import { changesIam, covers, sessionMakers } from '../session-policy.js';
import type { Statement } from './document.js';
import { isUnknown, type Known, type NamedPolicy, type RoleFacts } from './facts.js';
import { cannotTell, type Judged, ok, problem } from './finding.js';
import type { RolePlan } from './plan.js';

const toRead = 'Give the broker the reading rights that `protem aws policy` prints, or look by hand.';

/** What the role allows of what no agent may do: the session policy holds it back, but nothing else would. */
export function judgeAgentRights({ inline, attached, boundary }: RoleFacts, plan: RolePlan): Judged[] {
  const unread = [inline, attached].flatMap((part: Known<readonly NamedPolicy[]>) =>
    isUnknown(part) ? [part.unknown] : part.filter(({ document }) => !document).map(({ name }) => name),
  );
  const policies = [inline, attached].flatMap((part) => (isUnknown(part) ? [] : part));
  const statements = policies.flatMap(({ document }) => document?.Statement ?? []);
  const limits = boundary && !isUnknown(boundary) ? boundary.document?.Statement : undefined;
  const reaches = (pattern: string) => !isDenied(statements, pattern) && isWithin(limits, pattern);
  const found = policies.flatMap(({ name, document }) =>
    (document?.Statement ?? []).flatMap((one) =>
      wrongIn(one, plan, reaches).map((what) =>
        problem(`${name} allows ${what}`, 'Take it out of the role; no agent may have it.'),
      ),
    ),
  );
  const judged = [...found, ...(unread.length > 0 ? [] : judgeSlicing(statements, limits, plan))];
  if (unread.length > 0)
    judged.push(cannotTell(`not all policies of the role can be read (${unread.join('; ')})`, toRead));
  else if (found.length === 0)
    judged.push(ok('the role allows no change of IAM, and no sessions beside those of the broker'));
  return judged;
}

function wrongIn(one: Statement, plan: RolePlan, reaches: (pattern: string) => boolean): string[] {
  if (one.Effect !== 'Allow') return [];
  if (one.NotAction) return ['everything but some actions'];
  const meant = [
    ...(plan.sliced ? ['sts:GetScopedCredentials'] : []),
    ...(plan.chained ? ['sts:AssumeRole', 'sts:SetSourceIdentity'] : []),
  ];
  const makers = sessionMakers.filter((maker) => !meant.includes(maker));
  return (one.Action ?? []).flatMap((pattern) => {
    if (changesIam(pattern) && reaches(pattern)) return [`"${pattern}", which can change IAM`];
    const maker = makers.find((known) => covers(pattern, known) && reaches(known));
    return maker === undefined ? [] : [`"${pattern}", which can open sessions (${maker})`];
  });
}

function judgeSlicing(
  statements: readonly Statement[],
  limits: readonly Statement[] | undefined,
  plan: RolePlan,
) {
  if (!plan.sliced) return [];
  const action = 'sts:GetScopedCredentials';
  const allowed = statements.some((one) => allows(one, action));
  if (allowed && !isDenied(statements, action) && isWithin(limits, action))
    return [ok(`the role allows ${action}, which its slices are cut by`)];
  return [problem(`the role does not allow ${action}`, 'Allow it, or its leases will be whole sessions.')];
}

const allows = ({ Effect, Action = [] }: Statement, action: string): boolean =>
  Effect === 'Allow' && Action.some((pattern) => covers(pattern, action));

/** By a Deny for everybody, everywhere, always. */
const isDenied = (statements: readonly Statement[], pattern: string): boolean =>
  statements.some(
    ({ Effect, Action = [], Resource = [], Condition }) =>
      Effect === 'Deny' &&
      !Condition &&
      Resource.includes('*') &&
      Action.some((denied) => covers(denied, pattern)),
  );

/** Whether a boundary would let any of it through; without one, all. */
const isWithin = (limits: readonly Statement[] | undefined, pattern: string): boolean =>
  limits === undefined ||
  limits.some(
    ({ Effect, Action = [], NotAction }) =>
      Effect === 'Allow' &&
      (NotAction !== undefined || Action.some((one) => covers(one, pattern) || covers(pattern, one))),
  );
