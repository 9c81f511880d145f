import { Fault, faults } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Lease, NewLease } from '../lease/lease.js';
import type { LeaseBatches, Times } from './lease-batches.js';
import { bodyText, parseLease, stateOfCode } from './lease-record.js';
import { limitReached, tooFast } from './reserve-conditions.js';
import type { Claim, Conditions, LeaseLedger, QuotaOf } from './ledger.js';
import { redisLeaseList } from './redis-lease-list.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';
import type { ChainMoved } from './step-ledger.js';
import type { TaskMemory } from './task-memory.js';

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

/** What reserve.lua answers where it reserves nothing. */
type Refused = readonly [is: string, of?: string, waitMs?: number | string, steppedAt?: string];

export function redisLeases(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  times: Times,
  heard: (storeNow: number) => void,
  known: TaskMemory,
  { find, settle, reserve, activate }: LeaseBatches,
): LeaseLedger {
  const { causedBy } = run;
  const notReserved = (
    { taskId }: NewLease,
    [is, of, waitMs, steppedAt]: Refused,
    conditions: Conditions,
  ): Fault | ChainMoved => {
    if (is === 'taken')
      return new Fault('state.unavailable', 'The lease id is taken.', { reason: 'id collision' });
    if (is === 'task.full') return new Fault(is, refusals[is]!, { retryAfterSeconds: 10 });
    if (is === 'blocked') return blocked(String(of));
    if (is === 'moved') return known.moved(taskId, [of, waitMs, steppedAt]);
    if (is === 'lease.limit') return new Fault('lease.limit', limitReached[of!]!, { retryAfterSeconds: 10 });
    if (is === 'quota.issue_rate') return tooFast(of as QuotaOf, Number(waitMs), conditions);
    return refusal(is as FaultCode);
  };
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const changed = (id: string, text: unknown): Lease | undefined =>
    typeof text === 'string' ? parseLease(id, text) : undefined;

  return {
    find,

    async reserve(lease, event, idempotency, conditions = {}) {
      const text = await reserve({ lease, event, idempotency, conditions, causedBy });
      if (text.startsWith('[')) throw notReserved(lease, JSON.parse(text) as Refused, conditions);
      const [at, expiresAt, mintUntil] = text.split(' ').map(Number) as [number, number, number];
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
      return (await activate({ active, expiresAt, causedBy })) ? active : undefined;
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

    async dueAt(provider, id) {
      const at = await ask(redis.zscore(`${prefix}:due:${provider}`, id));
      return at === null ? undefined : Number(at);
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
