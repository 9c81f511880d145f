import { setTimeout as wait } from 'node:timers/promises';
import type { Principal } from '../identity/principal.js';
import { isOver } from '../lease/lease.js';
import type { ParameterValues } from '../policy/catalog.js';
import { grant } from './grant.js';
import type { Ports } from './ports.js';
import { endTask, openTask } from './tasks.js';

/** What a canary asks for. */
export interface Canary {
  readonly entry: string;
  readonly parameters: ParameterValues;
}

/** No token can prove this name: `identity` refuses ids beginning with `protem:`. Policy has to permit it like others. */
const canaryId = 'protem:canary';

const canary: Principal = {
  id: canaryId,
  kind: 'agent',
  issuer: 'protem',
  roles: [],
  claims: {},
  proofExpiresAt: Number.MAX_SAFE_INTEGER,
};

const lookAgainMs = 100;
const taskSeconds = 300;

/**
 * A lease through the whole path: opened, decided, minted, ended with its task, taken back. Returns the seconds from
 * the end of the task to the confirmed revocation, on the store's clock; throws what was in the way. The secret goes
 * nowhere.
 */
export async function flyCanary(
  ports: Ports,
  { entry, parameters }: Canary,
  signal: AbortSignal,
): Promise<number> {
  const deadlineAt = ports.ledger.clock() + taskSeconds * 1000;
  const opening = { intent: 'see that revocation works', deadlineAt, labels: {} };
  const task = await openTask(ports, canary, opening);
  const end = () => endTask(ports, canary, task.id, 'completed');
  const asking = grant(ports, canary, { task: task.id, credential: entry, parameters });
  const { lease } = await asking.catch(async (error: unknown) => {
    await end().catch(() => {}); // it lapses by itself
    throw error;
  });
  await end();
  return untilRevoked(ports, lease.id, signal);
}

async function untilRevoked(ports: Ports, leaseId: string, signal: AbortSignal): Promise<number> {
  const giveUpAt = ports.ledger.clock() + ports.limits.longestOverdueMs;
  for (;;) {
    const lease = await ports.ledger.leases.find(leaseId);
    if (!lease) throw new Error('the lease of the canary is gone');
    const { state, effect, endedAt = 0, revocationRequestedAt = endedAt, lastFault } = lease;
    if (state === 'revoked') return (endedAt - revocationRequestedAt) / 1000;
    if (isOver(state)) throw new Error(`the canary was not revoked: ${state}, ${effect}`);
    if (signal.aborted || ports.ledger.clock() > giveUpAt)
      throw new Error(`the canary is still ${state}${lastFault === undefined ? '' : `, after ${lastFault}`}`);
    await wait(lookAgainMs);
  }
}
