import type { Delivery } from '../identity/hooks/delivery.js';
import type { HookReading } from '../identity/hooks/read-hook.js';
import { Fault, faultCode } from '../kernel/fault.js';
import type { Ports } from './ports.js';
import { endAndDispatch } from './tasks.js';

export interface HookEffect {
  readonly task?: string;
  readonly effect: 'ended' | 'already' | 'ignored';
}

/** Deliveries are remembered for longer than any sender retries. */
const rememberSeconds = 7 * 86_400;

/**
 * A task-end webhook. It is remembered only after its effect is durable, so a delivery that was cut off works when it
 * is sent again; and since ending is idempotent, a replay that slips between changes nothing.
 */
export async function receiveHook(ports: Ports, source: string, delivery: Delivery): Promise<HookEffect> {
  const reading = await authenticated(ports, source, delivery);
  try {
    const effect = await once(ports, source, reading);
    ports.meter.hook(source, effect.effect);
    return effect;
  } catch (error) {
    ports.meter.hook(source, faultCode(error));
    throw error;
  }
}

/** The task is part of the name: some schemes do not sign the id, and a task that has not ended is never "already". */
async function once(ports: Ports, source: string, reading: HookReading): Promise<HookEffect> {
  if (reading.taskId === undefined) return { effect: 'ignored' };
  const name = `hook:${source}:${reading.taskId}:${reading.deliveryId}`;
  if (await ports.ledger.seen(name)) return { task: reading.taskId, effect: 'already' };
  const effect = await carryOut(ports, source, reading);
  await ports.ledger.remember(name, rememberSeconds);
  return effect;
}

async function authenticated(ports: Ports, source: string, delivery: Delivery): Promise<HookReading> {
  try {
    const reading = ports.readHook(source, delivery, ports.ledger.clock());
    if (!reading) throw new Fault('hook.unknown', 'There is no webhook source of this name.');
    return reading;
  } catch (error) {
    const fault = error instanceof Fault ? error : undefined;
    const known = fault?.code !== 'hook.unknown';
    ports.meter.hook(known ? source : 'unknown', fault?.code ?? 'internal');
    if (fault && known)
      await ports.flood.tell({ type: 'hook.refused', source, reason: fault.reason ?? fault.code });
    throw error;
  }
}

async function carryOut(
  ports: Ports,
  source: string,
  { deliveryId, taskId, outcome }: HookReading & { readonly taskId: string },
): Promise<HookEffect> {
  const task = await ports.ledger.tasks.find(taskId);
  if (!task || !ports.hookMayEnd(source, task)) {
    const reason = task ? 'task.not_its_own' : 'task.unknown';
    await ports.flood.tell({ type: 'hook.refused', source, reason });
    throw new Fault('task.unknown', 'There is no such task.');
  }
  const { again } = await endAndDispatch(ports, taskId, {
    outcome,
    by: `hook:${source}`,
    via: `hook:${source}`,
  });
  await ports.ledger.log.record({ type: 'hook.accepted', source, delivery: deliveryId, task: taskId });
  return { task: taskId, effect: again ? 'already' : 'ended' };
}
