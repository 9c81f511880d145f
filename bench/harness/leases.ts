import { newLeaseId, newTaskId } from '../../src/kernel/id.js';
import type { Ledger } from '../../src/ledger/ledger.js';

const agent = 'spiffe://bench.example/agent/reporter-12';

export async function openTasks(ledger: Ledger, count: number): Promise<string[]> {
  const open = async () =>
    (await ledger.tasks.open({
      id: newTaskId(),
      intent: 'measure revocation',
      agent,
      openedBy: agent,
      labels: {},
      deadlineAt: Date.now() + 3_600_000,
    }))!.id;
  const ids: string[] = [];
  while (ids.length < count)
    ids.push(...(await Promise.all(Array.from({ length: Math.min(256, count - ids.length) }, open))));
  return ids;
}

/** Active leases that fall due as `dueAt` says. */
export async function makeLeases(
  ledger: Ledger,
  tasks: readonly string[],
  count: number,
  dueAt: (n: number) => number,
) {
  const one = async (n: number) => {
    const taskId = tasks[n % tasks.length]!;
    const id = newLeaseId(taskId);
    const due = dueAt(n);
    const parameters = {};
    const lease = await ledger.leases.reserve(
      {
        id,
        taskId,
        agent,
        entry: 'reports-db',
        provider: 'sink',
        parameters,
        tool: 'sql.query',
        reason: 'quarterly totals',
        handle: {
          lease: id,
          accessor: 'aAbBcCdDeEfFgGhHiIjJkKlL',
          leaseId: `database/creds/reports-readonly/${due}`,
        },
        effect: 'revoked_at_provider',
        ttlSeconds: 3600,
        ceilingSeconds: 3600,
        mintTimeoutMs: 60_000,
      },
      {
        type: 'lease.reserved',
        lease: id,
        task: taskId,
        agent,
        intent: 'measure revocation',
        asked: { entry: 'reports-db', parameters, ttlSeconds: 900 },
        decided: { evaluation: 'bench', is: 'permit', because: ['bench'], policyDigest: 'bench' },
        provider: 'sink',
        ttlSeconds: 900,
        effect: 'revoked_at_provider',
        issuer: 'bench.example',
        claims: {},
      },
    );
    await ledger.leases.activate(lease, { expiresAt: due, effect: 'revoked_at_provider' });
  };
  for (let from = 0; from < count; from += 256)
    await Promise.all(Array.from({ length: Math.min(256, count - from) }, (_, i) => one(from + i)));
}
