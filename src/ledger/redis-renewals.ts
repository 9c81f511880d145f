import type { FaultCode } from '../kernel/fault.js';
import { parseLease } from './lease-record.js';
import { blocked, refusal } from './redis-leases.js';
import type { RenewalLedger } from './renewal-ledger.js';
import type { RunScript } from './script.js';
import { unavailable } from './script.js';
import type { TaskMemory } from './task-memory.js';

export function redisRenewals(
  run: RunScript,
  { idempotencyMs }: { readonly idempotencyMs: number },
  heard: (storeNow: number) => void,
  known: TaskMemory,
): RenewalLedger {
  return {
    async begin(renewal, event, idempotency) {
      const { id, lease } = renewal;
      const [is, at, endsAt, steppedAt] = (await run(
        'renew-begin',
        lease.id,
        lease.agent,
        id,
        renewal.askedSeconds * 1000,
        renewal.mayShorten ? 1 : 0,
        renewal.limitAt,
        Math.max(1, renewal.minimumSeconds) * 1000,
        renewal.timeoutMs,
        JSON.stringify(event),
        idempotency?.key ?? '',
        idempotency?.digest ?? '',
        idempotencyMs,
        renewal.mustHold ?? '',
        renewal.chain ?? '',
      )) as [string, number, number, string];
      if (is === 'moved') throw known.moved(lease.taskId, [at, endsAt, steppedAt]);
      if (is === 'same') return undefined;
      if (is === 'blocked') throw blocked(String(at));
      if (is !== 'ok') throw refusal(is as FaultCode);
      heard(at);
      return { id, lease, ttlSeconds: (endsAt - at) / 1000, endsAt };
    },

    async finish({ id, lease }, { expiresAt, replaced }, idempotency) {
      const [is, text] = (await run(
        'renew',
        lease.id,
        id,
        Math.floor(expiresAt),
        replaced ? 1 : 0,
        idempotency?.key ?? '',
      )) as [string, string];
      if (is === 'blocked') throw blocked(text);
      if (is !== 'ok') throw refusal(is as FaultCode);
      const renewed = parseLease(lease.id, text);
      if (!renewed) throw unavailable(new Error('the record of the lease cannot be read'));
      return renewed;
    },

    async fail({ id, lease }, fault, { settled, takeBack }) {
      await run(
        'renew-fail',
        lease.id,
        id,
        fault,
        settled ? 1 : 0,
        takeBack ? 1 : 0,
        Math.floor(takeBack?.expiresAt ?? 0),
      );
    },
  };
}
