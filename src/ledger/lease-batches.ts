import type { AuditEvent } from '../audit/event.js';
import type { Lease, NewLease } from '../lease/lease.js';
import type { Settlement } from '../revocation/settlement.js';
import { bodyText, effectCode, parseLease } from './lease-record.js';
import type { Conditions, Idempotency } from './ledger.js';
import { perTurn } from './per-turn.js';
import { reservationText } from './reserve-conditions.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

export interface Times {
  readonly retentionMs: number;
  readonly idempotencyMs: number;
  /** How long a claimed lease stays hidden from other claims. */
  readonly claimMs: number;
}

interface Reservation {
  readonly lease: NewLease;
  readonly event: AuditEvent & { readonly type: 'lease.reserved' };
  readonly idempotency: Idempotency | undefined;
  readonly conditions: Conditions;
  readonly causedBy: string;
}

interface Activation {
  /** As it is when it is active. */
  readonly active: Lease;
  /** The provider's own end of it; undefined when it never ends. */
  readonly expiresAt: number | undefined;
  readonly causedBy: string;
}

interface Attempted {
  readonly id: string;
  readonly settlement: Settlement;
}

/** Bounds for what is done in one step of the store: none holds it up for much more than a millisecond. */
const settlementsAtOnce = 32;
/** Few, so that the store is at work on some while others are being decided. */
const reservationsAtOnce = 4;
const activationsAtOnce = 4;
const findsAtOnce = 100;

export type LeaseBatches = ReturnType<typeof leaseBatches>;

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

  /** Answers as reserve.lua does. */
  const reserve = perTurn<Reservation, string>(reservationsAtOnce, async (reservations) => {
    const args: (string | number)[] = [times.idempotencyMs];
    for (const reservation of reservations) addReservation(args, reservation);
    const texts = (await run('reserve', ...args)) as string[];
    return texts.map((text) => (text.startsWith('!') ? unavailable(text.slice(1)) : text));
  });

  /** Whether the secret may be handed over. */
  const activate = perTurn<Activation, boolean>(activationsAtOnce, async (activations) => {
    const args: (string | number)[] = [];
    for (const activation of activations) addActivation(args, activation);
    const answers = (await run('activate', ...args)) as (number | string)[];
    return answers.map((answer) =>
      typeof answer === 'string' ? unavailable(answer.slice(1)) : answer === 1,
    );
  });

  return { find, settle, reserve, activate };
}

/** Four, as the script takes them. */
function addReservation(
  args: (string | number)[],
  { lease, event, idempotency, conditions, causedBy }: Reservation,
): void {
  args.push(
    bodyText(lease),
    JSON.stringify(event),
    reservationText(lease, idempotency, conditions),
    causedBy,
  );
}

/** Five, as the script takes them. */
function addActivation(args: (string | number)[], { active, expiresAt, causedBy }: Activation): void {
  const event = {
    type: 'lease.active',
    lease: active.id,
    task: active.taskId,
    agent: active.agent,
    expiresAt: active.expiresAt,
    effect: active.effect,
  } satisfies AuditEvent;
  args.push(active.id, expiresAt ?? '', effectCode(active.effect), JSON.stringify(event), causedBy);
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
