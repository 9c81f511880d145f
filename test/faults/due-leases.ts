import { newLeaseId, newTaskId } from '../../src/kernel/id.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';

export interface Due {
  readonly provider: string;
  /** On the ledger's clock. */
  readonly at: number;
}

const leasesToATask = 10;
const atOnce = 128;

const hourMs = 3_600_000;

/**
 * Writes active leases that are to be revoked at about these times; returns when exactly, in the same order. They would
 * end by themselves only much later, and nothing was made for them: taking one back is one call to the recording
 * provider, which finds nothing.
 */
export async function dueLeases(
  ledger: Ledger,
  due: readonly Due[],
): Promise<readonly { readonly id: string; readonly dueAt: number }[]> {
  await ledger.check();
  const tasks = await inBatches(Math.ceil(due.length / leasesToATask), async () => {
    const task = newTask({ id: newTaskId(), deadlineAt: ledger.clock() + 24 * hourMs });
    return (await ledger.tasks.open(task))!.id;
  });
  return inBatches(due.length, async (n) => {
    const task = tasks[Math.floor(n / leasesToATask)]!;
    const { provider, at } = due[n]!;
    const id = newLeaseId(task);
    const ttlSeconds = (at - ledger.clock()) / 1000;
    const lease = newLease(task, { id, provider, ttlSeconds, handle: { lease: id } });
    const reserved = await ledger.leases.reserve(lease, reservedEvent(lease));
    const expiresAt = at + hourMs;
    await ledger.leases.activate(reserved, { expiresAt, effect: 'revoked_at_provider' });
    return { id, dueAt: reserved.reservedAt + Math.round(ttlSeconds * 1000) };
  });
}

async function inBatches<T>(count: number, one: (n: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let from = 0; from < count; from += atOnce)
    all.push(
      ...(await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, (_, i) => one(from + i)))),
    );
  return all;
}
