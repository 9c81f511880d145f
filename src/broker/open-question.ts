import type { Approval, Demand, NewApproval } from '../approval/approval.js';
import type { AuditEvent } from '../audit/event.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { Decision, Question } from '../policy/decision.js';
import type { Task } from '../task/task.js';
import type { Ports } from './ports.js';
import { asksMore, isStillEnough, personsFor } from './still-enough.js';

/** Whom policy wants to be asked, and about what. */
export interface Asking<About extends Question = Question> {
  readonly ask: About;
  readonly decision: Extract<Decision, { is: 'ask' }>;
}

export const demandOf = ({ limits }: Ports, { ask, decision }: Asking, policyDigest: string): Demand => ({
  approvers: decision.approvers,
  persons: personsFor(limits.approvals, ask.entry?.riskTier, decision.persons),
  ...present({ each: decision.each }),
  because: decision.because,
  policyDigest,
});

/** Whether the task declared no tools, or this one. */
export const isDeclared = ({ tools }: Pick<Task, 'tools'>, tool: string | undefined): boolean =>
  tools === undefined || (tool !== undefined && tools.includes(tool));

/**
 * Opens the question to a person, or finds the same one open or answered.
 * @throws Fault approval.denied, approval.limit, task.ended
 */
export async function openQuestion(
  ports: Ports,
  asking: Asking,
  approval: NewApproval,
  event: AuditEvent & { type: 'approval.requested' },
): Promise<Approval> {
  const open = () => ports.ledger.approvals.open(approval, event, ports.limits.approvals);
  let opened = await open();
  if (opened.is === 'same' && isOfNoUse(ports, asking, opened.approval)) {
    await replaced(ports, asking.ask.principal, opened.approval);
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
