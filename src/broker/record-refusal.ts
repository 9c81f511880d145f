import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Task } from '../task/task.js';
import type { CredentialRequest } from './broker.js';
import { PolicyRefusal } from './decide.js';
import type { Decided } from './decide.js';
import type { Ports } from './ports.js';

/**
 * A refusal is a fact as well: it is durable before the caller hears of it. When the ledger itself is away, the caller
 * hears that instead, and nothing was issued. While the store is nearly full, what room is left is not for refusals:
 * those are counted in the metrics alone.
 */
export async function recordRefusal(
  ports: Ports,
  principal: Principal,
  request: CredentialRequest,
  task: Task | undefined,
  decided: Decided | undefined,
  error: unknown,
): Promise<void> {
  const fault = error instanceof Fault ? error : undefined;
  const refusal = error instanceof PolicyRefusal ? error : undefined;
  const record = refusal?.record ?? decided?.record;
  if (fault?.code === 'state.unavailable' || fault?.code === 'state.full') return;
  await ports.ledger.log.record({
    type: 'credential.refused',
    task: request.task,
    agent: principal.id,
    fault: fault?.code ?? 'internal',
    ...(task && { intent: task.intent }),
    asked: refusal?.asked ??
      decided?.asked ?? {
        entry: request.credential,
        ...(request.tool !== undefined && { tool: request.tool }),
        ...(request.reason !== undefined && { reason: request.reason }),
      },
    ...(record && { decided: record }),
    ...(fault?.reason !== undefined && { reason: fault.reason }),
  });
}
