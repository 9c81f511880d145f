import { setTimeout as wait } from 'node:timers/promises';
import { dueLeases } from '../../test/faults/due-leases.js';
import { startScene } from '../../test/faults/scene.js';
import { quantile, spreadOf } from './row.js';
import type { Row } from './row.js';

const every = 100;
const count = 300;
const slowMs = 20;

/** Expiry to the arrival of the first request at the provider, of leases that come one by one: an idle broker. */
export async function idleExpiry(): Promise<Row> {
  const scene = await startScene();
  await scene.start('worker');
  const { provider } = scene.place;
  await scene.look.ledger.check();
  const first = scene.look.ledger.clock() + 5000;
  // Not in step with any timer of the worker.
  const times = Array.from({ length: count }, (_, n) => Math.round(first + n * every + Math.random() * 100));
  const due = await dueLeases(
    scene.look.ledger,
    times.map((at) => ({ provider: 'records', at })),
  );
  const dueAt = new Map(due.map((one) => [one.id, one.dueAt]));
  while (provider.seen.length < count) await wait(slowMs);
  const late = provider.seen.map(({ lease, at }) => at - dueAt.get(lease)!);
  await scene.close();
  return {
    what: `expiry to revocation started, idle (${count} leases, one every ${every} ms, arrival at the provider)`,
    measured: spreadOf(late),
    target: 'p99 <= 250 ms',
    met: quantile(late, 0.99) <= 250,
  };
}

/** Leases that are due at once, against a provider that takes 20 ms, with two worker processes. */
export async function storm(leases = 10_000): Promise<Row> {
  const scene = await startScene();
  const { provider } = scene.place;
  provider.trouble({ call: /./, is: 'slow', laterMs: slowMs });
  await scene.look.ledger.check();
  const seedAt = scene.look.ledger.clock();
  // Far enough away to be written before; the workers run by then, and have nothing to do.
  const wanted = seedAt + 4000 + leases * 2;
  const due = await dueLeases(
    scene.look.ledger,
    Array.from({ length: leases }, () => ({ provider: 'records', at: wanted })),
  );
  const dueAt = Math.max(...due.map((one) => one.dueAt));
  if (scene.look.ledger.clock() > dueAt - 2000) throw new Error('the leases were not written in time');
  await Promise.all([scene.start('worker'), scene.start('worker')]);
  const attempted = () => new Set(provider.seen.map(({ lease }) => lease)).size;
  while (provider.seen.length < leases || attempted() < leases) await wait(50);
  const firstAt = new Map<string, number>();
  for (const { lease, at } of provider.seen) if (!firstAt.has(lease)) firstAt.set(lease, at);
  const allAfterMs = Math.max(...firstAt.values()) - dueAt;
  const twice = provider.seen.length - leases;
  await scene.close();
  return {
    what: `${leases} leases due at once, provider of ${slowMs} ms, two worker processes: all attempted`,
    measured: `${(allAfterMs / 1000).toFixed(2)} s (${Math.round((leases / allAfterMs) * 1000)}/s; ${twice} attempted twice)`,
    target: '<= 3 s',
    met: allAfterMs <= 3000,
  };
}
