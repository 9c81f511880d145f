import type { AuditEvent } from '../audit/event.js';
import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Lease } from '../lease/lease.js';
import { bodyText, effectCode, parseLease, stateOfCode } from './lease-record.js';
import type { Settlement } from '../revocation/settlement.js';
import type { Claim, LeaseLedger } from './ledger.js';
import { redisLeaseList } from './redis-lease-list.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

interface Times {
  readonly retentionMs: number;
  readonly idempotencyMs: number;
  /** How long a claimed lease stays hidden from other claims. */
  readonly claimMs: number;
}

const limitReached: Record<string, string> = {
  agent: 'This agent has as many live leases as it may have.',
  entry: 'There are as many live leases of this catalog entry as there may be.',
  all: 'There are as many live leases as there may be.',
};

const refusals: Partial<Record<FaultCode, string>> = {
  'task.unknown': 'There is no such task.',
  'task.ended': 'The task has ended; nothing more can be issued for it.',
  'idempotency.reused': 'The Idempotency-Key was used for another request.',
  'idempotency.in_flight': 'The first request with this Idempotency-Key is still being worked on.',
};

export function redisLeases(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  times: Times,
  heard: (storeNow: number) => void,
): LeaseLedger {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const find = async (id: string): Promise<Lease | undefined> => {
    const text = await ask(redis.get(`${prefix}:${id}`));
    return text === null ? undefined : parseLease(id, text);
  };
  const changed = (id: string, text: unknown): Lease | undefined =>
    typeof text === 'string' ? parseLease(id, text) : undefined;

  return {
    find,

    async reserve(lease, event, idempotency, { ofAgent, ofEntry, inAll } = {}) {
      const [is, at, expiresAt, mintUntil] = (await run(
        'reserve',
        lease.id,
        lease.taskId,
        lease.agent,
        lease.provider,
        bodyText(lease),
        lease.ttlSeconds * 1000,
        lease.mintTimeoutMs,
        effectCode(lease.effect),
        JSON.stringify(event),
        idempotency?.key ?? '',
        idempotency?.digest ?? '',
        times.idempotencyMs,
        JSON.stringify({ n: lease.entry, a: ofAgent, e: ofEntry, t: inAll }),
      )) as [string, number, number, number];
      if (is === 'taken')
        throw new Fault('state.unavailable', 'The lease id is taken.', { reason: 'id collision' });
      if (is === 'lease.limit') throw new Fault('lease.limit', limitReached[at]!, { retryAfterSeconds: 10 });
      if (is !== 'ok')
        throw new Fault(is as FaultCode, refusals[is as FaultCode] ?? 'Refused.', {
          ...(is === 'idempotency.in_flight' && { retryAfterSeconds: 1 }),
        });
      heard(at);
      const { ttlSeconds: _ttl, mintTimeoutMs: _timeout, ...rest } = lease;
      return { ...rest, state: 'reserved', reservedAt: at, expiresAt, mintUntil, attempts: 0 };
    },

    async learn(lease, handle) {
      if ((await run('learn', lease.id, bodyText({ ...lease, handle }))) !== 1)
        throw new Fault('provider.timeout', 'The credential was not minted in time.', {
          reason: 'its lease is over',
        });
    },

    async activate({ mintUntil: _minted, ...lease }, { expiresAt, effect }) {
      const active: Lease = {
        ...lease,
        state: 'active',
        effect,
        expiresAt: expiresAt ?? lease.expiresAt,
        ...(expiresAt === undefined && { unending: true }),
      };
      const event = {
        type: 'lease.active',
        lease: active.id,
        task: active.taskId,
        agent: active.agent,
        expiresAt: active.expiresAt,
        effect,
      } satisfies AuditEvent;
      const args = [active.id, active.agent, expiresAt ?? '', effectCode(effect), JSON.stringify(event)];
      return (await run('activate', ...args)) === 1 ? active : undefined;
    },

    async abandon(id, fault, settled) {
      await run('abandon', id, fault, settled ? 1 : 0);
    },

    async revoke(id, cause, by, reason) {
      return changed(id, await run('revoke', id, cause, by, reason ?? ''));
    },

    async claimDue(provider, limit): Promise<Claim> {
      const [now, next, ...leaseIds] = (await run('claim-due', provider, limit, times.claimMs)) as string[];
      heard(Number(now));
      return { leaseIds, now: Number(now), nextDueAt: next === '' ? undefined : Number(next) };
    },

    async settle(id, settlement) {
      return changed(
        id,
        await run('settle', id, settlement.is, ...settleArguments(settlement, times.retentionMs)),
      );
    },

    quarantined: () => ask(redis.zcard(`${prefix}:quarantine`)),

    stand: async (ids) => (await run('stand', ...ids)) as ('live' | 'over' | 'quarantined' | 'unknown')[],

    async readAgain(limit) {
      return [...new Set((await run('read-again', limit)) as string[])];
    },

    list: redisLeaseList(redis, run, prefix),

    async providers() {
      return (await ask(redis.smembers(`${prefix}:providers`))).sort();
    },

    async overdueMs(provider) {
      const [, since] = await ask(redis.zrange(`${prefix}:open:${provider}`, '0', '0', 'WITHSCORES'));
      return since === undefined ? 0 : Math.max(0, Number(await run('now')) - Number(since));
    },

    async counts() {
      const fields = await ask(redis.hgetall(`${prefix}:counts`));
      return Object.entries(fields).flatMap(([field, count]) => {
        const state = stateOfCode(field[0] ?? '');
        return state && Number(count) > 0 ? [{ provider: field.slice(1), state, count: Number(count) }] : [];
      });
    },
  };
}

function settleArguments(settlement: Settlement, retentionMs: number): (string | number)[] {
  switch (settlement.is) {
    case 'revoked':
      return [retentionMs, settlement.mayHaveMissed ? 1 : 0];
    case 'expired':
      return [retentionMs];
    case 'waiting':
      return [settlement.untilAt, settlement.writtenAt ?? ''];
    case 'failed':
      return [settlement.fault, settlement.retryInMs, settlement.stuck ? 1 : 0];
  }
}
