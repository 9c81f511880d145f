import { setTimeout as wait } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { leaseIdPattern } from '../../../kernel/id.js';
import type { Found } from '../../provider.js';
import type { AsBroker } from './as-broker.js';
import { listAccessors, lookUp } from './take-back.js';

export interface Scan {
  readonly asBroker: AsBroker;
  readonly tokenRole: string | undefined;
  readonly timeoutMs: number;
  /** Accessors that are none of ours: nobody has to be asked of them again. */
  readonly foreign: LRUCache<string, true>;
}

export const rememberForeign = () => new LRUCache<string, true>({ max: 100_000 });

/** At most 50 lookups a second. */
const pauseMs = 20;

/**
 * Tokens of leases of this installation: made through the broker's own token role (or as an orphan, without one), and
 * with a lease and this installation in their metadata. Any other token is left alone, whatever it looks like.
 */
export async function* scanTokens(
  { asBroker, tokenRole, timeoutMs, foreign }: Scan,
  installation: string,
  signal: AbortSignal,
): AsyncGenerator<Found> {
  const call: AsBroker = (asked) => asBroker({ timeoutMs, ...asked });
  for (const accessor of await listAccessors(call)) {
    if (signal.aborted) return;
    if (foreign.has(accessor)) continue;
    const token = await lookUp(call, accessor);
    const leaseId = token?.meta?.['lease'];
    const isOurs =
      token !== undefined &&
      isMadeThrough(tokenRole, token.path ?? '') &&
      token.meta?.['broker'] === installation &&
      typeof leaseId === 'string' &&
      leaseIdPattern.test(leaseId);
    if (isOurs)
      yield { leaseId, handle: { lease: leaseId, accessor }, madeAt: (token.creation_time ?? 0) * 1000 };
    else if (token !== undefined) foreign.set(accessor, true);
    await wait(pauseMs);
  }
}

/** `path` as the lookup tells it; a role's `path_suffix` is appended to it. */
function isMadeThrough(tokenRole: string | undefined, path: string): boolean {
  if (tokenRole === undefined) return path === 'auth/token/create-orphan' || path === 'auth/token/create';
  const own = `auth/token/create/${tokenRole}`;
  return path === own || path.startsWith(`${own}/`);
}
