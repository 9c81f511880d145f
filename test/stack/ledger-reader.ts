import type { AuditRecord } from '../../src/audit/event.js';
import type { Lease, LeaseState } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { connectRedis, untilReady } from '../../src/ledger/redis-connection.js';
import type { RedisSettings } from '../../src/ledger/redis-connection.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { eventually } from './eventually.js';

/** Looks into the state store without any broker. */
export interface LedgerReader {
  readonly ledger: Ledger;
  readonly redis: RedisClient;
  lease(id: string): Promise<Lease | undefined>;
  becomes(id: string, state: LeaseState | readonly LeaseState[], withinMs?: number): Promise<Lease>;
  /** Events of one lease, oldest first. */
  events(leaseId: string): Promise<readonly AuditRecord['event'][]>;
  close(): Promise<void>;
}

export async function openLedger(settings: RedisSettings, prefix = '{protem}'): Promise<LedgerReader> {
  const redis = connectRedis(settings, 'asking');
  redis.on('error', () => {});
  await untilReady(redis, 10_000);
  const ledger = redisLedger(redis, { prefix });
  return {
    ledger,
    redis,
    lease: (id) => ledger.leases.find(id),
    async becomes(id, state, withinMs) {
      let last: Lease | undefined;
      return eventually(
        `${id} becomes ${[state].flat().join(' or ')}`,
        async () => {
          last = await ledger.leases.find(id);
          return last !== undefined && [state].flat().includes(last.state) && last;
        },
        withinMs,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`, { cause: error });
      });
    },
    async events(leaseId) {
      const { items } = await ledger.log.read({ subject: leaseId, pageSize: 100 });
      return items.map(({ event }) => event);
    },
    async close() {
      // ioredis keeps the process for two seconds when it is told to end while it is reconnecting.
      await untilReady(redis, 1500).catch(() => {});
      redis.disconnect();
    },
  };
}
