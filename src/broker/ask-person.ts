import type { Approval, Demand, KnownFacts } from '../approval/approval.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { newApprovalId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { Ask } from '../policy/decision.js';
import { askedRequest, digestOf } from './approval-request.js';
import type { Requested } from './approval-request.js';
import type { AwaitingApproval, CredentialRequest, Grant } from './broker.js';
import { PolicyRefusal } from './decide.js';
import type { Question } from './decide.js';
import { grant } from './grant.js';
import type { Ports } from './ports.js';
import { asksMore, isStillEnough, personsFor } from './still-enough.js';

/** A grant; or, where policy wants a person to look first, the question to that person. */
export async function grantOrAsk(
  ports: Ports,
  principal: Principal,
  request: CredentialRequest,
  idempotencyKey?: string,
): Promise<Grant | AwaitingApproval> {
  try {
    return await grant(ports, principal, request, idempotencyKey);
  } catch (error) {
    return { approval: await askPerson(ports, principal, request, error) };
  }
}

/** Opens the approval that a refusal calls for, or finds the same one open; throws any other refusal again. */
export async function askPerson(
  ports: Ports,
  principal: Principal,
  request: Requested,
  error: unknown,
): Promise<Approval> {
  if (!(error instanceof PolicyRefusal) || !error.question || request.approval !== undefined) throw error;
  const { ask, decision } = error.question;
  const demand: Demand = {
    approvers: decision.approvers,
    persons: personsFor(ports.limits.approvals, ask.entry.riskTier, decision.persons),
    ...present({ each: decision.each }),
    because: decision.because,
    policyDigest: error.record.policyDigest,
  };
  const approval = present({
    id: newApprovalId(),
    digest: digestOf(principal, ask.entry, request),
    task: request.task,
    agent: principal.id,
    request: askedRequest(ask.entry, request),
    demand,
    known: knownFacts(ask),
  });
  const event = {
    type: 'approval.requested' as const,
    approval: approval.id,
    task: request.task ?? '',
    agent: principal.id,
    issuer: principal.issuer,
    claims: principal.claims,
    asked: error.asked,
    digest: approval.digest,
    decided: error.record,
    approvers: demand.approvers,
    persons: demand.persons,
  };
  const open = () => ports.ledger.approvals.open(approval, event, ports.limits.approvals);
  let opened = await open();
  if (opened.is === 'same' && isOfNoUse(ports, error.question, opened.approval)) {
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

/** Whether nothing could be issued by it as things are by now, whatever is answered or was. */
const isOfNoUse = (ports: Ports, { ask, decision }: Question, found: Approval): boolean =>
  found.state === 'approved'
    ? !isStillEnough(ports.policy(), ports.limits, ask, found)
    : asksMore(ports.policy(), decision, found);

async function replaced(ports: Ports, { id: by }: Principal, { id, task = '', agent }: Approval) {
  const reason = 'policy asks for more by now: another question takes its place';
  const event = { type: 'approval.cancelled' as const, approval: id, task, agent, by, reason };
  if (await ports.ledger.approvals.close(id, 'cancelled', event)) ports.meter.approvalEnded('cancelled');
}

const knownFacts = ({ principal, task, entry, ttlSeconds, tool }: Ask): KnownFacts => ({
  issuer: principal.issuer,
  claims: principal.claims,
  grantableSeconds: ttlSeconds,
  sensitivity: entry.sensitivity,
  environment: entry.environment,
  riskTier: entry.riskTier,
  provider: entry.provider,
  toolDeclared: task.tools === undefined || (tool !== undefined && task.tools.includes(tool)),
});
