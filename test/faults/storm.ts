import { newLeaseId, newTaskId } from '../../src/kernel/id.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';

const leasesToATask = 10;
const atOnce = 256;

/** Active leases, so many of each provider, that fall due in the same second. Returns when that is. */
export async function stormOf(
  ledger: Ledger,
  shares: Readonly<Record<string, number>>,
  inMs: number,
): Promise<number> {
  await ledger.check();
  const dueAt = ledger.clock() + inMs;
  const wanted = Object.entries(shares).flatMap(([provider, count]) => Array<string>(count).fill(provider));
  const tasks = await Promise.all(
    Array.from({ length: Math.ceil(wanted.length / leasesToATask) }, async () => {
      const task = newTask({ id: newTaskId(), deadlineAt: dueAt + 3_600_000 });
      return (await ledger.tasks.open(task))!.id;
    }),
  );
  const one = async (provider: string, n: number) => {
    const task = tasks[Math.floor(n / leasesToATask)]!;
    const id = newLeaseId(task);
    const lease = newLease(task, { id, provider, ttlSeconds: 3600, handle: { lease: id, accessor: 'any' } });
    const reserved = await ledger.leases.reserve(lease, reservedEvent(lease));
    const spread = Math.round((n / wanted.length) * 1000);
    await ledger.leases.activate(reserved, { expiresAt: dueAt + spread, effect: 'revoked_at_provider' });
  };
  for (let from = 0; from < wanted.length; from += atOnce)
    await Promise.all(wanted.slice(from, from + atOnce).map((provider, i) => one(provider, from + i)));
  return dueAt;
}
