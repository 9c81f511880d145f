import type { Delivery } from '../identity/hooks/delivery.js';
import type { HookReading } from '../identity/hooks/read-hook.js';
import { Fault } from '../kernel/fault.js';
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
  const name = `hook:${source}:${reading.deliveryId}`;
  const effect = (await ports.ledger.seen(name)) ? repeated(reading) : await carryOut(ports, source, reading);
  if (effect.effect === 'ended') await ports.ledger.remember(name, rememberSeconds);
  ports.meter.hook(source, effect.effect);
  return effect;
}

const repeated = ({ taskId }: HookReading): HookEffect => ({
  ...(taskId !== undefined && { task: taskId }),
  effect: 'already',
});

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

async function carryOut(ports: Ports, source: string, reading: HookReading): Promise<HookEffect> {
  const { deliveryId, taskId, outcome } = reading;
  if (taskId === undefined) return { effect: 'ignored' };
  const task = await ports.ledger.tasks.find(taskId);
  if (!task || !ports.hookMayEnd(source, task)) {
    await ports.flood.tell({
      type: 'hook.refused',
      source,
      reason: task ? 'task.not_its_own' : 'task.unknown',
    });
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
