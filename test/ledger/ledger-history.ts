import fc from 'fast-check';
import { Fault } from '../../src/kernel/fault.js';
import type { Handle } from '../../src/issuance/provider.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { Settlement } from '../../src/revocation/settlement.js';
import { agent, newLease, newTask, renewingEvent, reservedEvent } from '../fake/ledger-facts.js';
import * as model from './ledger-model.js';
import type { Came, Model, Reservation } from './ledger-model.js';

/** One step of a history: what it does to the model, and to a ledger; both say what came of it. */
export interface Step {
  readonly name: string;
  readonly [fc.toStringMethod]: () => string;
  readonly expected: (model: Model) => unknown;
  readonly happens: (ledger: Ledger) => Promise<unknown>;
}

const hourMs = 3_600_000;
const step = (name: string, expected: Step['expected'], happens: Step['happens']): Step => ({
  name,
  [fc.toStringMethod]: () => name,
  expected,
  happens: (ledger) =>
    happens(ledger).catch((error: unknown) => {
      if (error instanceof Fault) return error.code;
      throw error;
    }),
});

// Few names, so that steps meet.
const tasks = ['tsk_00000000', 'tsk_00000001'];
const aTask = fc.constantFrom(...tasks);
// The entry of a lease never changes, so whoever learns more of it knows the entry.
const aLease = fc.tuple(aTask, fc.nat(2)).map(([task, n]) => ({
  task,
  id: `lse_${task.slice(4)}${String(n).padStart(6, '0')}`,
  entry: n === 1 ? 'payments-admin' : 'reports-db',
}));
export const providers = ['p', 'q'];
const aProvider = fc.constantFrom(...providers);
const anEffect = fc.constantFrom(
  'revoked_at_provider' as const,
  'stops_renewing' as const,
  'expires_only' as const,
);
const again = fc.constantFrom('now' as const, 'later' as const);
const keys = fc.option<{ key: string; digest: string }, undefined>(
  fc.record({ key: fc.constantFrom('k', 'l'), digest: fc.constantFrom('same', 'same', 'same', 'other') }),
  { nil: undefined, freq: 1 },
);

const openingOf = (id: string): Step =>
  step(
    `open ${id}`,
    (m) => model.openTask(m, id),
    async (ledger) =>
      (await ledger.tasks.open(newTask({ id, deadlineAt: Date.now() + 24 * hourMs })))?.state ?? 'taken',
  );
const opening = aTask.map(openingOf);

const reserving = fc
  .tuple(
    aLease,
    fc.record({
      provider: aProvider,
      effect: anEffect,
      minting: fc.constantFrom('yes' as const, 'yes' as const, 'over' as const),
      byOwner: fc.constantFrom(true, true, true, true, false),
      idempotency: keys,
      caps: fc.constantFrom({}, {}, {}, { ofAgent: 3 }, { ofEntry: 2 }, { inAll: 3 }),
    }),
  )
  .map(([lease, rest]): Reservation => ({ ...lease, ...rest }))
  .map((asked) =>
    step(
      `reserve ${JSON.stringify(asked)}`,
      (m) => model.reserve(m, asked),
      async (ledger) => {
        const lease = newLease(asked.task, {
          id: asked.id,
          provider: asked.provider,
          effect: asked.effect,
          entry: asked.entry,
          handle: { version: 0 },
          ttlSeconds: 3600,
          ceilingSeconds: 7200,
          mintTimeoutMs: asked.minting === 'yes' ? hourMs : 0,
          agent: asked.byOwner ? agent : 'someone else',
        });
        return (await ledger.leases.reserve(lease, reservedEvent(lease), asked.idempotency, asked.caps))
          .state;
      },
    ),
  );

const learning = fc.tuple(aLease, fc.nat(9)).map(([{ id, entry }, version]) =>
  step(
    `learn ${id} ${version}`,
    (m) => model.learn(m, id, version),
    async (ledger) => {
      const handle: Handle = { version };
      const lease = { ...newLease('tsk_00000000', { id, entry }), ...leaseFacts };
      await ledger.leases.learn(lease, handle);
      return 'learned';
    },
  ),
);
const leaseFacts = { state: 'reserved', reservedAt: 0, expiresAt: 0, ceilingAt: 0, attempts: 0 } as const;

const activating = fc
  .tuple(aLease, fc.constantFrom('past' as const, 'later' as const, 'never' as const), anEffect)
  .map(([lease, ends, effect]) =>
    step(
      `activate ${lease.id} ${ends} ${effect}`,
      (m) => model.activate(m, lease.id, { ends, effect }),
      async (ledger) => {
        const at = { past: 1000, later: ledger.clock() + hourMs, never: undefined }[ends];
        return (
          (
            await ledger.leases.activate(
              { ...newLease(lease.task), ...leaseFacts, id: lease.id },
              { expiresAt: at, effect },
            )
          )?.state ?? 'not for you'
        );
      },
    ),
  );

const abandoning = fc.tuple(aLease, fc.boolean()).map(([{ id }, settled]) =>
  step(
    `abandon ${id} ${settled}`,
    (m) => model.abandon(m, id, settled),
    (ledger) => ledger.leases.abandon(id, 'provider.refused', settled),
  ),
);

const renewalIds = fc.constantFrom('req_1', 'req_2');
const leaseOf = (id: string) => ({ ...newLease('tsk_00000000'), ...leaseFacts, id });
const begun = (id: string, renewal: string) => ({
  id: renewal,
  lease: leaseOf(id),
  ttlSeconds: 1,
  endsAt: 0,
});

const renewalBeginning = fc
  .tuple(aLease, renewalIds, fc.constantFrom(false, false, true))
  .map(([{ id }, renewal, over]) =>
    step(
      `begin ${renewal} of ${id}, ${over ? 'which must be over at once' : 'for a while'}`,
      (m) => model.beginRenewal(m, id, { id: renewal, over }),
      async (ledger) => {
        const asked = { id: renewal, lease: leaseOf(id), askedSeconds: 5400, limitAt: Infinity };
        const how = { mayShorten: false, minimumSeconds: 1, timeoutMs: over ? 0 : hourMs };
        return (await ledger.renewals.begin({ ...asked, ...how }, renewingEvent(leaseOf(id)))) && 'begun';
      },
    ),
  );

const renewalFinishing = fc.tuple(aLease, renewalIds, fc.boolean()).map(([{ id }, renewal, replaced]) =>
  step(
    `finish ${renewal} of ${id}`,
    (m) => model.finishRenewal(m, id, renewal),
    async (ledger) => {
      const expiresAt = ledger.clock() + hourMs;
      await ledger.renewals.finish(begun(id, renewal), { expiresAt, replaced });
      return 'renewed';
    },
  ),
);

const renewalFailing = fc
  .tuple(aLease, renewalIds, fc.boolean(), fc.boolean())
  .map(([{ id }, renewal, settled, takeBack]) =>
    step(
      `fail ${renewal} of ${id} ${settled} ${takeBack}`,
      (m) => model.failRenewal(m, id, renewal, { settled, takeBack }),
      (ledger) => {
        const given = takeBack ? { takeBack: { expiresAt: ledger.clock() + hourMs } } : {};
        return ledger.renewals.fail(begun(id, renewal), 'provider.refused', { settled, ...given });
      },
    ),
  );

const revoking = aLease.map(({ id }) =>
  step(
    `revoke ${id}`,
    (m) => model.revoke(m, id),
    async (ledger) => (await ledger.leases.revoke(id, 'operator', 'op'))?.state ?? 'unknown',
  ),
);

const ending = aTask.map((id) =>
  step(
    `end ${id}`,
    (m) => model.endTask(m, id),
    async (ledger) => {
      const ended = await ledger.tasks.end(id, { outcome: 'completed', by: 'op', via: 'call' });
      return ended ? (ended.alreadyEnded ? 'already' : 'ended') : 'unknown';
    },
  ),
);

const claiming = aProvider.map((provider) =>
  step(
    `claim ${provider}`,
    (m) => model.claim(m, provider),
    async (ledger) => [...(await ledger.leases.claimDue(provider, 100)).leaseIds].sort(),
  ),
);

const came = fc.oneof<fc.Arbitrary<Came>[]>(
  fc.constant({ is: 'revoked' }),
  fc.constant({ is: 'expired' }),
  fc.record({ is: fc.constant('waiting' as const), again }),
  fc.record({ is: fc.constant('failed' as const), again, stuck: fc.boolean() }),
);

function settlementOf(what: Came, now: number): Settlement {
  if (what.is === 'failed')
    return {
      is: 'failed',
      fault: 'provider.timeout',
      retryInMs: what.again === 'now' ? 0 : hourMs,
      stuck: what.stuck,
    };
  if (what.is === 'waiting') return { is: 'waiting', untilAt: what.again === 'now' ? 0 : now + hourMs };
  return { is: what.is };
}

const settling = fc.tuple(aLease, came).map(([{ id }, what]) =>
  step(
    `settle ${id} ${JSON.stringify(what)}`,
    (m) => model.settle(m, id, what),
    async (ledger) =>
      (await ledger.leases.settle(id, settlementOf(what, ledger.clock())))?.state ?? 'nothing',
  ),
);

export const aStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: opening, weight: 1 },
  { arbitrary: reserving, weight: 8 },
  { arbitrary: learning, weight: 1 },
  { arbitrary: activating, weight: 5 },
  { arbitrary: abandoning, weight: 2 },
  { arbitrary: renewalBeginning, weight: 5 },
  { arbitrary: renewalFinishing, weight: 4 },
  { arbitrary: renewalFailing, weight: 2 },
  { arbitrary: revoking, weight: 2 },
  { arbitrary: ending, weight: 1 },
  { arbitrary: claiming, weight: 3 },
  { arbitrary: settling, weight: 7 },
);

/** Most of what can happen needs open tasks. */
export const beginning: readonly (readonly [Step])[] = tasks.map((id) => [openingOf(id)] as const);
