import { z } from 'zod';
import type { Clock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import { Secret } from '../../../kernel/secret.js';
import type { Handle, Issued, Order } from '../../provider.js';
import type { AsBroker } from './as-broker.js';
import type { Answered, VaultClient } from './client.js';
import { createLeaseToken, unfitToken, type LeaseToken } from './lease-token.js';
import { unintelligible } from './login.js';
import { routeOf, type VaultScope } from './scope.js';

export interface Mint {
  readonly client: VaultClient;
  readonly asBroker: AsBroker;
  readonly tokenRole: string | undefined;
  readonly clock: Clock;
  /** Takes back what the handle names. */
  readonly takeBack: (handle: Handle) => Promise<unknown>;
}

type Learn = (better: Handle) => Promise<void>;

/**
 * The token of the lease, then what it reads. Each name that Vault gives is learned before the next thing is made;
 * where the name cannot be kept, what it names is taken back at once, because nobody else ever could.
 */
export async function mint(
  mint: Mint,
  order: Order<VaultScope>,
  plan: Handle,
  learn: Learn,
): Promise<Issued> {
  const { scope } = order;
  const path = scope.path === undefined ? undefined : routeOf(scope.path);
  let handle = plan;
  const name = async (names: Handle) => {
    handle = { ...handle, ...names };
    try {
      await learn(handle);
    } catch (error) {
      await mint.takeBack(handle).catch(() => {});
      throw error;
    }
  };

  const made = await createLeaseToken(mint.asBroker, order, mint.tokenRole);
  const tokenEndsAt = mint.clock() + made.ttlSeconds * 1000;
  if (made.accessor === '') throw unfitToken(made.unfit ?? 'the token has no accessor');
  const renewableUntil = mint.clock() + order.ceilingSeconds * 1000;
  await name({ accessor: made.accessor, ...(made.renewable ? { renewableUntil } : {}) });
  if (made.unfit !== undefined) {
    await mint.takeBack(handle).catch(() => {});
    throw unfitToken(made.unfit);
  }
  if (path === undefined)
    return { secret: new Secret({ token: made.token.reveal() }), expiresAt: tokenEndsAt };

  const read = await readSecret(mint, scope, path, made);
  if (read.leaseId !== undefined) await name({ leaseId: read.leaseId });
  else if (!scope.static) {
    await mint.takeBack(handle).catch(() => {});
    throw new Fault(
      'provider.refused',
      'Vault keeps no lease for this secret, so it could not be taken back.',
      {
        reason: `${path} has no lease; "static: true" in the catalog entry allows that`,
      },
    );
  }
  const expiresAt = endOf(read, tokenEndsAt, mint.clock);
  if (scope.deliver === 'secret') return { secret: new Secret(read.data), expiresAt };
  const wrapped = await wrap(mint, read.data, Math.min(scope.wrapTtl, made.ttlSeconds));
  await name({ wrapAccessor: wrapped.accessor });
  return { secret: wrapped.secret, expiresAt };
}

interface Read {
  readonly data: Readonly<Record<string, unknown>>;
  readonly leaseId?: string;
  readonly leaseSeconds: number;
}

const readAnswer = z.object({
  lease_id: z.string(),
  lease_duration: z.number().int().nonnegative(),
  data: z.record(z.string(), z.unknown()),
});

async function readSecret({ client }: Mint, scope: VaultScope, path: string, { token }: LeaseToken) {
  const act = `${scope.method === 'read' ? 'read' : 'write'} what the catalog entry names`;
  const { body } = await client.call({
    act,
    method: scope.method === 'read' ? 'GET' : 'POST',
    path,
    token,
    ...(scope.method === 'write' ? { body: scope.data ?? {} } : {}),
  });
  const answer = readAnswer.safeParse(body);
  if (!answer.success) throw unintelligible(act);
  const { lease_id, lease_duration, data } = answer.data;
  const read: Read = {
    data,
    leaseSeconds: lease_duration,
    ...(lease_id === '' ? {} : { leaseId: lease_id }),
  };
  return read;
}

/** The lease ends with its token at the latest; a static secret never does. */
function endOf(read: Read, tokenEndsAt: number, clock: Clock): number | undefined {
  if (read.leaseId === undefined) return undefined;
  return Math.min(tokenEndsAt, clock() + read.leaseSeconds * 1000);
}

const wrapAnswer = z.object({
  wrap_info: z.object({ token: z.string().min(1), accessor: z.string().min(1), ttl: z.number() }),
});

/** Wrapped by the broker, after the read, so that the lease id inside is known to the broker too. */
async function wrap({ asBroker }: Mint, data: Read['data'], wrapTtlSeconds: number) {
  const act = 'wrap the secret';
  const answered: Answered = await asBroker({
    act,
    method: 'POST',
    path: 'sys/wrapping/wrap',
    body: data,
    wrapTtlSeconds,
    secrets: secretsIn(data),
  });
  const answer = wrapAnswer.safeParse(answered.body);
  if (!answer.success) throw unintelligible(act);
  const { token, accessor, ttl } = answer.data.wrap_info;
  return { secret: new Secret({ wrappingToken: token, wrapTtlSeconds: ttl }), accessor };
}

const secretsIn = (data: Read['data']): Secret[] =>
  Object.values(data).flatMap((value) => (typeof value === 'string' ? [new Secret(value)] : []));
