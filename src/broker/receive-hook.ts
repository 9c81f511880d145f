import type { Delivery } from '../identity/hooks/delivery.js';
import type { HookReading } from '../identity/hooks/read-hook.js';
import { Fault, faultCode } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { TaskOutcome } from '../task/task.js';
import type { Ports } from './ports.js';
import { endAndDispatch } from './tasks.js';

export interface HookEffect {
  readonly task?: string;
  /** Those of the run that the delivery is about, where it is about a run. */
  readonly tasks?: readonly string[];
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
  if (reading.run !== undefined) return endRun(ports, source, reading);
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

/**
 * Every task of the run that the source may end. Nothing is remembered: a delivery that comes again finds what was
 * opened since. A run without a task here is nobody's mistake: orchestrators tell of all they run.
 */
async function endRun(
  ports: Ports,
  source: string,
  { run, outcome, deliveryId }: HookReading & { readonly run: string },
): Promise<HookEffect> {
  const ids = await ports.ledger.tasks.ofRun(run);
  const found = await Promise.all(ids.map((id) => ports.ledger.tasks.find(id)));
  const tasks = found
    .filter((task) => task !== undefined)
    .filter((task) => task.run === run && ports.hookMayEnd(source, task))
    .map(({ id }) => id)
    .toSorted();
  if (tasks.length === 0) return { effect: 'ignored' };
  let effect: HookEffect['effect'] = 'already';
  for (const id of tasks) {
    if (await endOne(ports, source, id, { outcome, deliveryId, run })) effect = 'ended';
  }
  return { tasks, effect };
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
  const ended = await endOne(ports, source, taskId, { outcome, deliveryId });
  return { task: taskId, effect: ended ? 'ended' : 'already' };
}

/** False when it had ended before. */
async function endOne(
  ports: Ports,
  source: string,
  task: string,
  { outcome, deliveryId, run }: { outcome: TaskOutcome; deliveryId: string; run?: string },
): Promise<boolean> {
  const by = `hook:${source}`;
  const { again } = await endAndDispatch(ports, task, { outcome, by, via: by });
  if (again && run !== undefined) return false;
  await ports.ledger.log.record(
    present({ type: 'hook.accepted' as const, source, delivery: deliveryId, task, run }),
  );
  return !again;
}
