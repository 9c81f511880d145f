import type { AuditEvent } from '../audit/event.js';
import { Fault, faults } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Lease, NewLease } from '../lease/lease.js';
import { bodyText, effectCode, parseLease, stateOfCode } from './lease-record.js';
import type { Settlement } from '../revocation/settlement.js';
import { conditionsText, limitReached, tooFast } from './reserve-conditions.js';
import type { Claim, LeaseLedger, QuotaOf } from './ledger.js';
import { perTurn } from './per-turn.js';
import { redisLeaseList } from './redis-lease-list.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';
import type { TaskMemory } from './task-memory.js';

interface Times {
  readonly retentionMs: number;
  readonly idempotencyMs: number;
  /** How long a claimed lease stays hidden from other claims. */
  readonly claimMs: number;
}

interface Attempted {
  readonly id: string;
  readonly settlement: Settlement;
}

/** Bounds for what is done in one step of the store: 32 settlements hold it up for a millisecond. */
const settlementsAtOnce = 32;
const findsAtOnce = 100;

/** What the scripts refuse with, in words. */
const refusals: Partial<Record<FaultCode, string>> = {
  'task.unknown': 'There is no such task.',
  'state.rolled_back': 'The state store has lost what it had.',
  'task.ended': 'The task has ended; nothing more can be issued for it.',
  'task.full': 'The task has as many live leases as it may have.',
  'delegation.wider': 'The sub-task would end later than its parent.',
  'delegation.fan_out': 'There are as many sub-tasks here as there may be.',
  'task.steps': 'The task has as many steps as it may have.',
  'step.unknown': 'The task has no permitted step of this id for this tool.',
  'lease.unknown': 'There is no such lease.',
  'lease.not_active': 'The lease is ending, or over.',
  'lease.at_ceiling': 'Renewing would carry the lease no further.',
  'lease.renewing': 'Another renewal of this lease is under way.',
  'ttl.below_floor': 'Less time is left than the provider can mint.',
  'provider.timeout': 'The credential provider took longer than the credential was to last.',
  'approval.unverifiable': 'There is no such approval of yours.',
  'approval.out_of_scope': 'The approval is for another request.',
  'approval.used': 'The approval was used already.',
  'approval.revoked': 'The approval was taken back.',
  'approval.pending': 'Nobody has answered yet.',
  'approval.denied': 'It was denied.',
  'approval.expired': 'The approval is no longer good.',
  'identity.stale': 'The session of this agent was ended after its token was issued.',
  'delegation.unproven': 'An agent that delegated this task has to prove itself again first.',
  'idempotency.reused': 'The Idempotency-Key was used for another request.',
  'idempotency.in_flight': 'The first request with this Idempotency-Key is still being worked on.',
};

export const refusal = (code: FaultCode): Fault =>
  new Fault(code, refusals[code] ?? 'Refused.', faults[code].retry ? { retryAfterSeconds: 1 } : {});

/** By the name of the block that the script found. */
export const blocked = (name: string): Fault =>
  name.startsWith('disabled:')
    ? new Fault('agent.disabled', 'An operator has disabled this agent.')
    : new Fault('issuing.blocked', `An operator has blocked issuing for this ${blockedFor(name)}.`);

const blockedFor = (name: string): string => {
  const of = name.slice(0, name.indexOf(':'));
  return of === 'all' ? 'installation' : of === 'entry' ? 'catalog entry' : of;
};

/** What is asked for one at a time, and goes together: one of these for all calls. */
export function leaseBatches(redis: RedisClient, run: RunScript, prefix: string, times: Times) {
  const find = perTurn<string, Lease | undefined>(findsAtOnce, async (ids) => {
    const texts = await redis.mget(...ids.map((id) => `${prefix}:${id}`)).catch((cause: unknown) => {
      throw unavailable(cause);
    });
    return texts.map((text, index) => (text === null ? undefined : parseLease(ids[index]!, text)));
  });
  const settle = perTurn<Attempted, Lease | undefined>(settlementsAtOnce, async (attempts) => {
    const args = attempts.flatMap(({ id, settlement }) => [
      id,
      settlement.is,
      ...settleArguments(settlement, times.retentionMs),
    ]);
    const texts = (await run('settle', ...args)) as string[];
    return texts.map((text, index) => {
      if (text.startsWith('!')) return unavailable(text.slice(1));
      return text === '' ? undefined : parseLease(attempts[index]!.id, text);
    });
  });
  return { find, settle };
}

export function redisLeases(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  times: Times,
  heard: (storeNow: number) => void,
  known: TaskMemory,
  { find, settle }: ReturnType<typeof leaseBatches>,
): LeaseLedger {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const changed = (id: string, text: unknown): Lease | undefined =>
    typeof text === 'string' ? parseLease(id, text) : undefined;

  return {
    find,

    async reserve(lease, event, idempotency, conditions = {}) {
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
        conditionsText(lease, conditions),
        lease.enrolment ? lease.enrolment.keepSeconds * 1000 : '',
        ...(lease.enrolment?.groups ?? []),
      )) as [string, number, number, number];
      if (is === 'taken')
        throw new Fault('state.unavailable', 'The lease id is taken.', { reason: 'id collision' });
      if (is === 'task.full') throw new Fault(is, refusals[is]!, { retryAfterSeconds: 10 });
      if (is === 'blocked') throw blocked(String(at));
      if (is === 'moved') throw known.moved(lease.taskId, [at, expiresAt, mintUntil]);
      if (is === 'lease.limit') throw new Fault('lease.limit', limitReached[at]!, { retryAfterSeconds: 10 });
      if (is === 'quota.issue_rate') throw tooFast(String(at) as QuotaOf, expiresAt, conditions);
      if (is !== 'ok') throw refusal(is as FaultCode);
      heard(at);
      return liveLease(lease, {
        state: 'reserved',
        reservedAt: at,
        expiresAt,
        ceilingAt: at + lease.ceilingSeconds * 1000,
        mintUntil,
        effect: lease.effect,
      });
    },

    async learn(lease, handle) {
      if ((await run('learn', lease.id, bodyText({ ...lease, handle }))) !== 1)
        throw new Fault('provider.timeout', 'The credential was not minted in time.', {
          reason: 'its lease is over',
        });
    },

    async activate(lease, { expiresAt, effect }) {
      const active = liveLease(lease, {
        state: 'active',
        effect,
        reservedAt: lease.reservedAt,
        expiresAt: Math.min(lease.expiresAt, expiresAt ?? Infinity),
        ceilingAt: lease.ceilingAt,
        mayLiveUntil: expiresAt !== undefined && expiresAt > lease.expiresAt ? expiresAt : undefined,
        unending: expiresAt === undefined ? true : undefined,
      });
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

    async claimDue(provider, limit, store): Promise<Claim> {
      const doubt = store?.hasGoneBack === true ? 1 : 0;
      const [now, next, ...leaseIds] = (await run(
        'claim-due',
        provider,
        limit,
        times.claimMs,
        doubt,
      )) as string[];
      heard(Number(now));
      return { leaseIds, now: Number(now), nextDueAt: next === '' ? undefined : Number(next) };
    },

    settle: (id, settlement) => settle({ id, settlement }),

    quarantined: () => ask(redis.zcard(`${prefix}:quarantine`)),

    stand: async (ids) => (await run('stand', ...ids)) as ('live' | 'over' | 'quarantined' | 'unknown')[],

    async mendIndex(atOnce, from = 0) {
      const [next, ...mended] = (await run('mend-index', from, atOnce)) as string[];
      return { next: next === '' ? undefined : Number(next), mended };
    },

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

/**
 * A lease that is reserved or active. Each member is named: taking a record apart with a rest pattern, and spreading it
 * into another, made two thirds of all the garbage that the ledger left for the slow collector.
 */
function liveLease(
  lease: NewLease | Lease,
  now: Pick<Lease, 'state' | 'effect' | 'reservedAt' | 'expiresAt' | 'ceilingAt'> & {
    readonly [Member in 'mayLiveUntil' | 'mintUntil' | 'unending']?: Lease[Member] | undefined;
  },
): Lease {
  const live: { -readonly [Member in keyof Lease]: Lease[Member] } = {
    id: lease.id,
    taskId: lease.taskId,
    agent: lease.agent,
    entry: lease.entry,
    provider: lease.provider,
    parameters: lease.parameters,
    handle: lease.handle,
    effect: now.effect,
    state: now.state,
    reservedAt: now.reservedAt,
    expiresAt: now.expiresAt,
    ceilingAt: now.ceilingAt,
    attempts: 0,
  };
  if (lease.tool !== undefined) live.tool = lease.tool;
  if (lease.step !== undefined) live.step = lease.step;
  if (lease.actors !== undefined) live.actors = lease.actors;
  if (lease.approval !== undefined) live.approval = lease.approval;
  if (lease.breakGlass !== undefined) live.breakGlass = lease.breakGlass;
  if (lease.reason !== undefined) live.reason = lease.reason;
  if (now.mayLiveUntil !== undefined) live.mayLiveUntil = now.mayLiveUntil;
  if (now.mintUntil !== undefined) live.mintUntil = now.mintUntil;
  if (now.unending !== undefined) live.unending = now.unending;
  return live;
}

/** Three, as the script takes them. */
function settleArguments(settlement: Settlement, retentionMs: number): (string | number)[] {
  switch (settlement.is) {
    case 'revoked':
      return [retentionMs, settlement.mayHaveMissed ? 1 : 0, ''];
    case 'expired':
      return [retentionMs, '', ''];
    case 'waiting':
      return [settlement.untilAt, settlement.writtenAt ?? '', ''];
    case 'failed':
      return [settlement.fault, settlement.retryInMs, settlement.stuck ? 1 : 0];
  }
}
