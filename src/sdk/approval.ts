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
 * Sends a request for a credential. When a person has to answer first (202), waits for the answer and asks again by it;
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
  await untilAnswered(send, approval, signal);
  const second = await send(call(approval.id));
  if (second.status === 202) throw stillPending(approvalOf(second));
  return second;
}

const approvalOf = ({ body }: Answered): PendingApproval => (body as { approval: PendingApproval }).approval;

/** A broker that is away for a while is waited for as well, until the question has lapsed. */
async function untilAnswered(
  send: Send,
  { id, expiresAt }: PendingApproval,
  signal?: AbortSignal,
): Promise<void> {
  const lapsed = () => Date.now() > Date.parse(expiresAt) + lookSeconds * 1000;
  for (;;) {
    const begun = performance.now();
    try {
      if ((await look(send, id, signal)).status !== 'pending') return;
    } catch (error) {
      if (!(error instanceof ProtemFault) || !error.retry || lapsed()) throw error;
    }
    // Should the broker not wait, it is not asked without pause.
    if (performance.now() - begun < 1000) await pause(1000, signal);
  }
}

async function look(send: Send, id: string, signal?: AbortSignal): Promise<PendingApproval> {
  const { body } = await send({
    method: 'GET',
    path: `/v1/approvals/${encodeURIComponent(id)}`,
    query: { wait: `${lookSeconds}s` },
    timeoutMs: (lookSeconds + 15) * 1000,
    signal,
  });
  return body as PendingApproval;
}
