import type { AuditEvent } from '../audit/event.js';
import { Fault, faults } from '../kernel/fault.js';
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

/** What the scripts refuse with, in words. */
const refusals: Partial<Record<FaultCode, string>> = {
  'task.unknown': 'There is no such task.',
  'task.ended': 'The task has ended; nothing more can be issued for it.',
  'lease.unknown': 'There is no such lease.',
  'lease.not_active': 'The lease is ending, or over.',
  'lease.at_ceiling': 'Renewing would carry the lease no further.',
  'lease.renewing': 'Another renewal of this lease is under way.',
  'ttl.below_floor': 'Less time is left than the provider can mint.',
  'provider.timeout': 'The credential provider took longer than the credential was to last.',
  'idempotency.reused': 'The Idempotency-Key was used for another request.',
  'idempotency.in_flight': 'The first request with this Idempotency-Key is still being worked on.',
};

export const refusal = (code: FaultCode): Fault =>
  new Fault(code, refusals[code] ?? 'Refused.', faults[code].retry ? { retryAfterSeconds: 1 } : {});

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

    async reserve(lease, event, idempotency) {
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
        lease.ceilingSeconds * 1000,
      )) as [string, number, number, number];
      if (is === 'taken')
        throw new Fault('state.unavailable', 'The lease id is taken.', { reason: 'id collision' });
      if (is !== 'ok') throw refusal(is as FaultCode);
      heard(at);
      const { ttlSeconds: _ttl, ceilingSeconds, mintTimeoutMs: _timeout, ...rest } = lease;
      const ceilingAt = at + ceilingSeconds * 1000;
      return { ...rest, state: 'reserved', reservedAt: at, expiresAt, ceilingAt, mintUntil, attempts: 0 };
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
        expiresAt: Math.min(lease.expiresAt, expiresAt ?? Infinity),
        ...(expiresAt === undefined && { unending: true }),
        ...(expiresAt !== undefined && expiresAt > lease.expiresAt && { mayLiveUntil: expiresAt }),
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
