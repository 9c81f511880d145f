import { z } from 'zod';
import { Fault } from '../../../kernel/fault.js';
import type { Handle, Revoked } from '../../provider.js';
import { refusalOf, saysGone } from './answer.js';
import type { AsBroker } from './as-broker.js';
import { unintelligible } from './login.js';

/** What the handle of a lease holds: `lease` from the plan, the others as they become known. */
export const handleShape = z.object({
  lease: z.string(),
  accessor: z.string().optional(),
  leaseId: z.string().optional(),
  wrapAccessor: z.string().optional(),
  static: z.boolean().optional(),
  /** The token can be renewed, until then; milliseconds since the epoch, on the clock of the broker. */
  renewableUntil: z.number().optional(),
});

const askAgainSeconds = 60;

/**
 * Ends the lease at Vault: the dynamic secret first and synchronously (by default Vault only queues it and answers
 * 202), then the token it was read with, then the wrapping nobody may have opened. Each is tried although another
 * failed; the first failure is what is thrown. Done means that Vault no longer knows the accessor.
 */
export async function takeBack(asBroker: AsBroker, timeoutMs: number, handle: Handle): Promise<Revoked> {
  const known = handleShape.safeParse(handle);
  if (!known.success) throw new Fault('internal', 'The handle of the lease is not one of Vault.');
  const { lease, leaseId, wrapAccessor } = known.data;
  const call: AsBroker = (asked) => asBroker({ timeoutMs, ...asked });

  const failures: unknown[] = [];
  let queued = false;
  const attempt = async (step: () => Promise<'done' | 'queued'>) => {
    try {
      if ((await step()) === 'queued') queued = true;
    } catch (error) {
      if (neverArrived(error)) throw error;
      failures.push(error);
    }
  };

  const accessors =
    known.data.accessor === undefined ? await findAccessors(call, lease) : [known.data.accessor];
  if (accessors === undefined) return { is: 'pending', againAfterSeconds: askAgainSeconds };
  if (leaseId !== undefined) await attempt(() => revokeLease(call, leaseId));
  const tokens = wrapAccessor === undefined ? accessors : [...accessors, wrapAccessor];
  await Promise.all(tokens.map((accessor) => attempt(() => revokeToken(call, accessor))));

  if (failures.length > 0) throw failures[0];
  if (queued) return { is: 'pending', againAfterSeconds: 1 };
  return known.data.static && leaseId === undefined ? { is: 'expires' } : { is: 'revoked' };
}

/** Vault was not there at all: the next call would only wait for the same. */
const neverArrived = (error: unknown): boolean =>
  error instanceof Fault && error.code === 'provider.unavailable' && refusalOf(error) === undefined;

async function revokeLease(call: AsBroker, leaseId: string): Promise<'done' | 'queued'> {
  const act = 'revoke the secret of the lease';
  try {
    const body = { lease_id: leaseId, sync: true };
    const { status } = await call({ act, method: 'POST', path: 'sys/leases/revoke', body });
    return status === 202 ? 'queued' : 'done';
  } catch (error) {
    if (saysGone(error)) return 'done';
    throw error;
  }
}

/**
 * Whatever Vault answers to the revocation, the look afterwards decides. While another request is in the middle of
 * revoking the same token, OpenBao says "token not found", still shows the token, or denies the look: then it is
 * to be asked again.
 */
async function revokeToken(call: AsBroker, accessor: string): Promise<'done' | 'queued'> {
  const act = 'revoke the token of the lease';
  let refused: unknown;
  try {
    await call({ act, method: 'POST', path: 'auth/token/revoke-accessor', body: { accessor } });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (!saysGone(error)) refused = error;
  }
  const ending = refused === undefined || saysTokenGone(refused);
  try {
    if ((await lookUp(call, accessor)) === undefined) return 'done';
  } catch (error) {
    if (refused === undefined || !isRefusal(error)) throw error;
  }
  if (ending) return 'queued';
  throw refused;
}

const isRefusal = (error: unknown): boolean => error instanceof Fault && error.code === 'provider.refused';

const saysTokenGone = (error: unknown): boolean =>
  refusalOf(error)?.errors.some((text) => /\btoken not found\b/i.test(text)) ?? false;

const tokenAnswer = z.object({
  data: z.object({
    meta: z.record(z.string(), z.unknown()).nullish(),
    path: z.string().optional(),
    /** Seconds since the epoch. */
    creation_time: z.number().optional(),
  }),
});

export async function lookUp(call: AsBroker, accessor: string) {
  const act = 'look for the token of the lease';
  try {
    const path = 'auth/token/lookup-accessor';
    const { body } = await call({ act, method: 'POST', path, body: { accessor } });
    const answer = tokenAnswer.safeParse(body);
    if (!answer.success) throw unintelligible(act);
    return answer.data.data;
  } catch (error) {
    if (saysGone(error)) return undefined;
    throw error;
  }
}

const listAnswer = z.object({ data: z.object({ keys: z.array(z.string()) }) });
const lookupsAtOnce = 8;

/** Every token that Vault has. */
export async function listAccessors(call: AsBroker): Promise<string[]> {
  const act = 'list token accessors';
  const { body } = await call({ act, method: 'GET', path: 'auth/token/accessors?list=true' });
  const answer = listAnswer.safeParse(body);
  if (!answer.success) throw unintelligible(act);
  return answer.data.data.keys;
}

/**
 * The accessors of every token whose metadata name the lease; needed only when the broker died before it learned
 * the accessor, because it looks at every token that Vault has. Undefined when the broker has no right to list them.
 */
async function findAccessors(call: AsBroker, lease: string): Promise<string[] | undefined> {
  const keys = await listAccessors(call).catch((error: unknown) => {
    if (refusalOf(error)?.status === 403) return undefined;
    throw error;
  });
  if (keys === undefined) return undefined;
  const found: string[] = [];
  const rest = keys.values();
  const look = async () => {
    for (const accessor of rest)
      if ((await lookUp(call, accessor))?.meta?.['lease'] === lease) found.push(accessor);
  };
  await Promise.all(Array.from({ length: lookupsAtOnce }, look));
  return found;
}
