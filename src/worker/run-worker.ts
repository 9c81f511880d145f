import type { Ports } from '../broker/ports.js';
import { revoke } from '../broker/revoke.js';
import type { RevocationWorker, RevokeOne } from '../revocation/revocation-queue.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';
import { approvalEnds } from './approval-ends.js';
import { indexAudit } from './index-audit.js';
import { sweeper } from './sweeper.js';

export interface WorkerOptions {
  /** Starts a pool of workers on one provider's queue. */
  readonly work: (provider: string, revokeOne: RevokeOne) => RevocationWorker;
  readonly sealEveryMs: number;
}

/** Records in quarantine: few, and what makes them readable is a person or a newer version. */
const readAgainEveryMs = 30_000;
const readAgainAtOnce = 1000;

/**
 * Everything that ends leases: for each provider that is configured, or still has leases, a pool of revocation workers
 * and a sweeper, and what the provider itself has to look after; and beside them the chaining of the audit log.
 */
export function runWorker(ports: Ports, options: WorkerOptions): Repeating {
  const running = new Map<string, [RevocationWorker, Repeating]>();
  const attend = (provider: string) => {
    if (running.has(provider)) return;
    const revokeOne: RevokeOne = (leaseId) => revoke(ports, leaseId);
    const pool = options.work(provider, revokeOne);
    running.set(provider, [pool, sweeper(ports, provider, { revokeOne, idle: () => pool.idle() })]);
  };
  for (const provider of ports.providers.keys()) attend(provider);
  const upkeeps = [...ports.providers.values()].flatMap((provider) =>
    provider.upkeep ? [repeat(() => provider.upkeep!(), ports.log)] : [],
  );

  const background = [
    ...upkeeps,
    indexAudit(ports),
    approvalEnds(ports),
    repeat(async () => {
      await ports.ledger.log.seal();
      return options.sealEveryMs;
    }, ports.log),
    repeat(async () => {
      for (const provider of await ports.ledger.leases.providers()) attend(provider);
      return 5000;
    }, ports.log),
    repeat(async () => {
      await ports.ledger.leases.readAgain(readAgainAtOnce);
      return readAgainEveryMs;
    }, ports.log),
  ];

  return {
    async close() {
      await Promise.all(background.map((each) => each.close()));
      await Promise.all(
        [...running.values()].map(async ([worker, sweeping]) => {
          await sweeping.close();
          await worker.close();
        }),
      );
    },
  };
}
