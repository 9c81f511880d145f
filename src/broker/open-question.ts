import type { Approval, Demand, Matter } from '../approval/approval.js';
import type { AskedDelegation, AskedStep } from '../approval/asked.js';
import type { AskedFor, Decided } from '../audit/event.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { newApprovalId } from '../kernel/id.js';
import type { Idempotency } from '../ledger/ledger.js';
import { present } from '../kernel/present.js';
import type { Decision, Question } from '../policy/decision.js';
import type { Task } from '../task/task.js';
import { ownerOf } from './inventory.js';
import type { Ports } from './ports.js';
import { asksMore, isStillEnough, personsFor } from './still-enough.js';

/** Whom policy wants to be asked, and about what. */
export interface Asking<About extends Question = Question> {
  readonly ask: About;
  readonly decision: Extract<Decision, { is: 'ask' }>;
}

/** Whether the task declared no tools, or this one. */
export const isDeclared = ({ tools }: Pick<Task, 'tools'>, tool: string | undefined): boolean =>
  tools === undefined || (tool !== undefined && tools.includes(tool));

/** What a person is asked, and what the broker knows of it. */
export type About = Matter & {
  /** Absent for break-glass, whose task is opened when it is granted. */
  readonly task?: string;
  readonly digest: string;
};

/**
 * Opens the question to a person, or finds the same one open or answered. `asked` is what is told of it; a key is answered
 * with it from then on.
 * @throws Fault approval.denied, approval.limit, task.ended, idempotency.reused, issuing.blocked, agent.disabled
 */
export async function openQuestion(
  ports: Ports,
  asking: Asking,
  decided: Decided,
  about: About,
  asked: AskedFor | AskedStep | AskedDelegation,
  idempotency?: Idempotency,
): Promise<Approval> {
  const { ask, decision } = asking;
  const { principal } = ask;
  const demand: Demand = {
    approvers: decision.approvers,
    persons: personsFor(ports.limits.approvals, ask.entry?.riskTier, decision.persons),
    ...present({ each: decision.each }),
    because: decision.because,
    policyDigest: decided.policyDigest,
  };
  const approval = { id: newApprovalId(), agent: principal.id, demand, ...about };
  const event = {
    type: 'approval.requested' as const,
    approval: approval.id,
    task: about.task ?? '',
    agent: principal.id,
    issuer: principal.issuer,
    claims: principal.claims,
    asked,
    digest: about.digest,
    decided,
    approvers: demand.approvers,
    persons: demand.persons,
  };
  const entry = ask.entry && { entry: ask.entry.name, provider: ask.entry.provider };
  const seen = {
    agent: principal.id,
    issuer: principal.issuer,
    owner: ownerOf(ports.inventory, principal.id),
  };
  const open = () =>
    ports.ledger.approvals.open(approval, event, ports.limits.approvals, { ...seen, ...entry }, idempotency);
  let opened = await open();
  if (opened.is === 'same' && isOfNoUse(ports, asking, opened.approval)) {
    await replaced(ports, principal, opened.approval);
    opened = await open();
  }
  ports.meter.approvalAsked(opened.is);
  if (!('againInMs' in opened)) return opened.approval;
  const retryAfterSeconds = Math.max(1, Math.ceil(opened.againInMs / 1000));
  if (opened.is === 'limit')
    throw new Fault('approval.limit', 'You have as many questions open as you may have.', {
      retryAfterSeconds,
    });
  if (opened.is === 'rate')
    throw new Fault('approval.limit', 'You have asked as often as you may for now.', { retryAfterSeconds });
  const reason = opened.approval.answers.find(({ is }) => is === 'deny')?.reason;
  throw new Fault(
    'approval.denied',
    `The same request was denied a moment ago.${reason === undefined ? '' : ` The reason: ${reason}`}`,
    { retryAfterSeconds },
  );
}

/** Whether nothing could be had by it as things are by now, whatever is answered or was. */
const isOfNoUse = (ports: Ports, { ask, decision }: Asking, found: Approval): boolean =>
  found.state === 'approved'
    ? !isStillEnough(ports.policy(), ports.limits, ask, found)
    : asksMore(ports.policy(), decision, found);

async function replaced(ports: Ports, { id: by }: Principal, { id, task = '', agent }: Approval) {
  const reason = 'policy asks for more by now: another question takes its place';
  const event = { type: 'approval.cancelled' as const, approval: id, task, agent, by, reason };
  if (await ports.ledger.approvals.close(id, 'cancelled', event)) ports.meter.approvalEnded('cancelled');
}
