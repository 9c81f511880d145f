import { Fault } from '../kernel/fault.js';
import type { HookDelivery } from '../identity/hooks/hook.js';
import { endAndDispatch } from './tasks.js';
import type { Ports } from './ports.js';

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
export async function receiveHook(ports: Ports, source: string, delivery: HookDelivery): Promise<HookEffect> {
  const end = await authenticated(ports, source, delivery);
  const name = `hook:${source}:${end.deliveryId}`;
  if (await ports.ledger.seen(name)) {
    ports.meter.hook(source, 'repeated');
    return { ...(end.taskId !== undefined && { task: end.taskId }), effect: 'already' };
  }
  const effect = await carryOut(ports, source, end);
  await ports.ledger.remember(name, rememberSeconds);
  ports.meter.hook(source, effect.effect);
  return effect;
}

async function authenticated(ports: Ports, source: string, delivery: HookDelivery) {
  try {
    const end = ports.readHook(source, delivery, ports.ledger.clock());
    if (!end) throw new Fault('hook.unknown', 'There is no webhook source of this name.');
    return end;
  } catch (error) {
    if (error instanceof Fault && error.code === 'hook.unproven') {
      ports.meter.hook(source, 'refused');
      await ports.ledger.log.record({
        type: 'hook.refused',
        source,
        ...(error.reason && { reason: error.reason }),
      });
    }
    throw error;
  }
}

async function carryOut(
  ports: Ports,
  source: string,
  {
    deliveryId,
    taskId,
    outcome,
  }: { deliveryId: string; taskId?: string; outcome?: 'completed' | 'failed' | 'cancelled' },
): Promise<HookEffect> {
  if (taskId === undefined || outcome === undefined) return { effect: 'ignored' };
  const { again } = await endAndDispatch(ports, taskId, {
    outcome,
    by: `hook:${source}`,
    via: `hook:${source}`,
  });
  await ports.ledger.log.record({ type: 'hook.accepted', source, delivery: deliveryId, task: taskId });
  return { task: taskId, effect: again ? 'already' : 'ended' };
}
