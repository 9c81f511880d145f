import { z } from 'zod';
import { Fault } from '../../../kernel/fault.js';
import { Secret } from '../../../kernel/secret.js';
import type { Order } from '../../provider.js';
import type { AsBroker } from './as-broker.js';
import { unintelligible } from './login.js';
import { policiesOf, type VaultScope } from './scope.js';

/** A token made for one lease. */
export interface LeaseToken {
  readonly token: Secret;
  readonly accessor: string;
  /** What Vault granted, which its own maximum may have shortened. */
  readonly ttlSeconds: number;
  /** Whether it can be carried on, to the ceiling that is built in. */
  readonly renewable: boolean;
  /** Why it may not be used, when Vault made something else than was ordered. */
  readonly unfit?: string;
}

const created = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    accessor: z.string(),
    lease_duration: z.number().int(),
    renewable: z.boolean(),
    orphan: z.boolean().optional(),
    token_type: z.string(),
  }),
});

/**
 * One orphan service token for one lease, so that the life of the broker's own token has no part in it
 * (leases die with the token that asked for them). Its TTL is that of the lease, so that Vault ends it with the lease
 * if nobody comes; only the broker renews it, never past the ceiling that is built in (`explicit_max_ttl`).
 */
export async function createLeaseToken(
  asBroker: AsBroker,
  order: Order<VaultScope>,
  tokenRole: string | undefined,
): Promise<LeaseToken> {
  const act = 'create the token of the lease';
  const renewable = order.ceilingSeconds > order.ttlSeconds && !order.scope.static;
  const { body } = await asBroker({
    act,
    method: 'POST',
    path: tokenRole === undefined ? 'auth/token/create-orphan' : `auth/token/create/${tokenRole}`,
    body: {
      policies: policiesOf(order.scope.policies),
      ttl: `${order.ttlSeconds}s`,
      explicit_max_ttl: `${renewable ? order.ceilingSeconds : order.ttlSeconds}s`,
      renewable,
      no_default_policy: true,
      type: 'service',
      display_name: order.leaseId,
      meta: {
        lease: order.leaseId,
        task: order.taskId,
        agent: order.agent,
        entry: order.entry,
        ...(order.installation !== undefined && { broker: order.installation }),
      },
    },
  });
  const answer = created.safeParse(body);
  if (!answer.success) throw unintelligible(act);
  const { auth } = answer.data;
  const unfit = unfitness(auth, order.ttlSeconds, renewable);
  return {
    token: new Secret(auth.client_token),
    accessor: auth.accessor,
    ttlSeconds: auth.lease_duration,
    renewable: auth.renewable,
    ...(unfit === undefined ? {} : { unfit }),
  };
}

export const unfitToken = (why: string): Fault =>
  new Fault('provider.refused', 'Vault made a token for the lease that is not what was ordered.', {
    reason: why,
  });

function unfitness(
  auth: z.output<typeof created>['auth'],
  orderedSeconds: number,
  renewable: boolean,
): string | undefined {
  if (auth.accessor === '' || auth.token_type !== 'service')
    return `the token is of type ${auth.token_type}, which cannot be revoked; set token_type=service on the token role`;
  if (auth.orphan === false)
    return 'the token is a child of the broker token, and would die with it; set orphan=true on the token role';
  if (auth.lease_duration <= 0 || auth.lease_duration > orderedSeconds)
    return `the token lives ${auth.lease_duration} s instead of ${orderedSeconds} s; check token_period of the token role`;
  if (auth.renewable && !renewable) return 'the token can be renewed, and was ordered not to be';
  return undefined;
}
