import { covers } from '../session-policy.js';
import type { PolicyDocument, Statement } from './document.js';
import { cannotTell, type Judged, ok, problem } from './finding.js';
import type { RolePlan } from './plan.js';

const printIt = 'Replace the trust policy with the one that `protem aws policy` prints.';

/**
 * Whether the trust policy lets the broker in, and only with the names that its sessions have. `opener`: the ARN of
 * who opens the sessions, a user, a role or a session of one.
 */
export function judgeTrust(trust: PolicyDocument | undefined, plan: RolePlan, opener: string): Judged[] {
  if (!trust) return [cannotTell('the trust policy cannot be read', printIt)];
  const allows = trust.Statement.filter(({ Effect }) => Effect === 'Allow');
  const ours = allows.filter((one) => principalsOf(one).some((principal) => isFor(principal, opener)));
  const judged = [...judgeOthers(allows, opener), ...judgeActions(ours, plan)];
  const opening = ours.filter(({ Action = [] }) => Action.some((one) => covers(one, 'sts:AssumeRole')));
  if (opening.length > 0) judged.push(judgeName(opening, plan), ...judgeExternalId(opening, plan));
  if (trust.Statement.some(({ Effect }) => Effect === 'Deny'))
    judged.push(cannotTell('the trust policy has a Deny, which may keep the broker out', printIt));
  return judged;
}

function judgeActions(ours: readonly Statement[], { stsActions }: RolePlan): Judged[] {
  if (ours.length === 0) return [problem('the trust policy does not let the broker in', printIt)];
  return stsActions.map((action) =>
    ours.some(({ Action = [] }) => Action.some((pattern) => covers(pattern, action)))
      ? ok(`the trust policy allows the broker ${action}`)
      : problem(`the trust policy does not allow the broker ${action}`, printIt),
  );
}

function judgeOthers(allows: readonly Statement[], opener: string): Judged[] {
  const others = allows.flatMap(principalsOf).filter((principal) => !isFor(principal, opener));
  return [...new Set(others)].map((principal) =>
    problem(
      `the trust policy lets ${principal === '*' ? 'everybody' : principal} in as well`,
      'Give agents a role of their own, which only the broker can assume.',
    ),
  );
}

function judgeName(ours: readonly Statement[], { namePrefix }: RolePlan): Judged {
  const held = ours.every((one) =>
    valuesOf(one, /^String(Like|Equals)$/, 'sts:RoleSessionName').some((values) =>
      values.every((value) => value.startsWith(namePrefix)),
    ),
  );
  return held
    ? ok(`sessions can only be opened under names that begin with "${namePrefix}"`)
    : problem(`sessions can be opened under names that do not begin with "${namePrefix}"`, printIt);
}

function judgeExternalId(ours: readonly Statement[], { externalId, via }: RolePlan): Judged[] {
  const asked = ours.flatMap((one) => valuesOf(one, /^StringEquals$/, 'sts:ExternalId'));
  if (externalId === undefined)
    return asked.length === 0
      ? []
      : [problem('the trust policy asks for an external id, and none is configured', 'Set `externalId`.')];
  if (asked.length === 0)
    return [problem('the trust policy does not ask for the external id that is configured', printIt)];
  return asked.every((values) => values.includes(externalId))
    ? [ok(`the trust policy asks for the external id of ${via === undefined ? 'the provider' : 'the way'}`)]
    : [problem('the trust policy asks for another external id than is configured', printIt)];
}

const valuesOf = ({ Condition = {} }: Statement, operator: RegExp, key: string) =>
  Object.entries(Condition).flatMap(([name, keys]) =>
    operator.test(name)
      ? Object.entries(keys).flatMap(([one, values]) =>
          one.toLowerCase() === key.toLowerCase() ? [values] : [],
        )
      : [],
  );

function principalsOf({ Principal, NotPrincipal }: Statement): string[] {
  if (NotPrincipal !== undefined || Principal === '*') return ['*'];
  return Object.values(Principal ?? {}).flat();
}

/** Itself, its role, or its whole account; the ARN of a session has lost the path of its role. */
function isFor(principal: string, opener: string): boolean {
  const [, , , , account = '', path = ''] = opener.split(':');
  if (principal === opener || principal === account || principal.endsWith(`:iam::${account}:root`))
    return true;
  const session = /^assumed-role\/([^/]+)\//.exec(path)?.[1];
  return (
    session !== undefined && new RegExp(`:iam::${account}:role/(.*/)?${escaped(session)}$`).test(principal)
  );
}

const escaped = (text: string): string => text.replace(/[.+^$()|[\]{}\\*?]/g, '\\$&');
