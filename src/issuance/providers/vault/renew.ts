import { z } from 'zod';
import type { Clock } from '../../../kernel/clock.js';
import { Fault, type FaultDetail } from '../../../kernel/fault.js';
import type { Handle, Order, Renewed } from '../../provider.js';
import { refusalOf } from './answer.js';
import type { AsBroker } from './as-broker.js';
import { unintelligible } from './login.js';
import type { VaultScope } from './scope.js';
import { handleShape } from './take-back.js';

/**
 * Carries the secret and the token of the lease on, both by their names, so that nobody needs the token itself. The
 * secret comes first: it ends with its token, so until the token is renewed nothing lives longer than before. What Vault
 * granted is read from its answers, because it shortens what passes a maximum without a refusal (CalculateTTL).
 *
 * Nothing is asked for past the ceiling of the lease. Vault has it too, as the `explicit_max_ttl` of the token, but
 * forgets it in the renewal of a token that a token role made: there it takes the role's.
 */
export async function renew(
  asBroker: AsBroker,
  clock: Clock,
  { ttlSeconds }: Order<VaultScope>,
  handle: Handle,
): Promise<Renewed> {
  const known = handleShape.safeParse(handle);
  if (!known.success) throw new Fault('internal', 'The handle of the lease is not one of Vault.');
  const { accessor, leaseId, renewableUntil, static: fixed } = known.data;
  if (fixed) throw notRenewable('Vault keeps no lease for this secret, so there is nothing to renew.');
  if (renewableUntil === undefined || accessor === undefined)
    throw notRenewable(
      'The token of this lease was made not to be renewed.',
      'set renewable=true on the token role, if there is one',
    );
  const leftSeconds = Math.floor((renewableUntil - clock()) / 1000);
  if (leftSeconds < 1) throw atCeiling();
  const seconds = Math.min(ttlSeconds, leftSeconds);
  const secretSeconds = leaseId === undefined ? Infinity : await renewSecret(asBroker, leaseId, seconds);
  const tokenSeconds = await renewToken(asBroker, accessor, seconds);
  // CVE-2021-32923: a TTL of 0 is a token without end. The broker takes that back.
  if (tokenSeconds <= 0) return { expiresAt: Infinity };
  return { expiresAt: clock() + Math.min(secretSeconds, tokenSeconds) * 1000 };
}

const notRenewable = (message: string, reason?: string): Fault =>
  new Fault('lease.not_renewable', message, reason === undefined ? {} : { reason });

const atCeiling = (detail: FaultDetail = {}): Fault =>
  new Fault('lease.at_ceiling', 'Vault carries the lease no further.', detail);

const leaseAnswer = z.object({ lease_duration: z.number().int() });

async function renewSecret(asBroker: AsBroker, leaseId: string, ttlSeconds: number): Promise<number> {
  const act = 'renew the secret of the lease';
  const body = { lease_id: leaseId, increment: ttlSeconds };
  const answer = await asBroker({ act, method: 'POST', path: 'sys/leases/renew', body }).catch(
    (error: unknown) => {
      throw asFault(error);
    },
  );
  const read = leaseAnswer.safeParse(answer.body);
  if (!read.success || read.data.lease_duration <= 0) throw unintelligible(act);
  // An engine may answer with a longer one than was asked for: it ends with its token all the same.
  return read.data.lease_duration;
}

const tokenAnswer = z.object({ auth: z.object({ lease_duration: z.number().int() }) });

async function renewToken(asBroker: AsBroker, accessor: string, ttlSeconds: number): Promise<number> {
  const act = 'renew the token of the lease';
  const body = { accessor, increment: `${ttlSeconds}s` };
  const answer = await asBroker({ act, method: 'POST', path: 'auth/token/renew-accessor', body }).catch(
    (error: unknown) => {
      throw asFault(error);
    },
  );
  const read = tokenAnswer.safeParse(answer.body);
  if (!read.success) throw unintelligible(act);
  return read.data.auth.lease_duration;
}

/** Vault's words for what is no failure of it, but a fact of the lease. */
function asFault(error: unknown): unknown {
  const said = (refusalOf(error)?.errors ?? []).join(' ');
  const detail = { reason: error instanceof Fault ? error.reason : undefined, cause: error };
  if (/\bpast the max TTL\b/i.test(said)) return atCeiling(present(detail));
  if (/\bnot renewable\b/i.test(said))
    return new Fault('lease.not_renewable', 'Vault cannot renew the secret of this lease.', present(detail));
  return error;
}

const present = ({ reason, cause }: { reason: string | undefined; cause: unknown }) => ({
  cause,
  ...(reason !== undefined && { reason }),
});
