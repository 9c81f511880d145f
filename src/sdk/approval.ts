import type { StepShape } from '../wire/step.js';
import { pause } from './call.js';
import type { Answered, Call, Send } from './call.js';
import { ProtemFault, stillPending } from './protem-fault.js';
import type { PendingApproval } from './protem-fault.js';

export interface ApprovalOptions {
  /** Told once for each question that a person has to answer: show its URL. */
  readonly onApprovalPending?: (approval: PendingApproval) => void | Promise<void>;
  /** Default true. Otherwise the request fails with `client.approval_pending`, which has the approval. */
  readonly waitForApproval?: boolean;
}

/** How long one look waits at the broker for the answer. */
const lookSeconds = 30;

/**
 * Sends a request for a credential, or to delegate. When a person has to answer first (202), waits and asks again by it;
 * what the answer was is then for the broker to say, in its own faults.
 * @throws ProtemFault
 */
export async function sendForApproval(
  send: Send,
  call: (approval?: string) => Call,
  { onApprovalPending, waitForApproval = true }: ApprovalOptions,
): Promise<Answered> {
  const first = await send(call());
  if (first.status !== 202) return first;
  const approval = approvalOf(first);
  await onApprovalPending?.(approval);
  if (!waitForApproval) throw stillPending(approval);
  const { signal } = call();
  await untilAnswered(send, approval.id, signal, approval.expiresAt);
  const second = await send(call(approval.id));
  if (second.status === 202) throw stillPending(approvalOf(second));
  return second;
}

const approvalOf = ({ body }: Answered): PendingApproval => (body as { approval: PendingApproval }).approval;

/**
 * Announces a tool call. When a person has to look first, waits for the answer and announces the same call by it.
 * @throws ProtemFault: what was denied, lapsed or changed meanwhile is told by the broker
 */
export async function announceForApproval(
  send: Send,
  call: (approval?: string) => Call,
  { onApprovalPending, waitForApproval = true }: ApprovalOptions,
): Promise<StepShape> {
  const step = (await send(call())).body as StepShape;
  if (step.approval === undefined || step.decision !== 'ask' || !waitForApproval) return step;
  const { signal } = call();
  const approval = await look(send, step.approval, 0, signal);
  await onApprovalPending?.(approval);
  await untilAnswered(send, approval.id, signal, approval.expiresAt);
  return (await send(call(step.approval))).body as StepShape;
}

/** A broker that is away for a while is waited for as well, until the question, once it was seen, has lapsed. */
export async function untilAnswered(
  send: Send,
  id: string,
  signal?: AbortSignal,
  expiresAt?: string,
): Promise<void> {
  let until = expiresAt === undefined ? -Infinity : Date.parse(expiresAt);
  const lapsed = () => Date.now() > until + lookSeconds * 1000;
  for (;;) {
    const begun = performance.now();
    try {
      const seen = await look(send, id, lookSeconds, signal);
      if (seen.status !== 'pending') return;
      until = Date.parse(seen.expiresAt);
    } catch (error) {
      if (!(error instanceof ProtemFault) || !error.retry || lapsed()) throw error;
    }
    // Should the broker not wait, it is not asked without pause.
    if (performance.now() - begun < 1000) await pause(1000, signal);
  }
}

async function look(
  send: Send,
  id: string,
  waitSeconds: number,
  signal?: AbortSignal,
): Promise<PendingApproval> {
  const { body } = await send({
    method: 'GET',
    path: `/v1/approvals/${encodeURIComponent(id)}`,
    query: { wait: waitSeconds === 0 ? undefined : `${waitSeconds}s` },
    timeoutMs: (waitSeconds + 15) * 1000,
    signal,
  });
  return body as PendingApproval;
}
