import { Fault } from '../kernel/fault.js';
import type { Ports } from './ports.js';

/** Whether anything may be issued now, from what was seen in the background: no request waits for it. */
export interface Admission {
  /**
   * Throws the Fault for why this provider issues nothing now. Of another provider it says nothing (I10). Without a
   * provider: why nothing that begins something is written now.
   */
  admit(provider?: string): void;
}

/** From this share of its memory on the store is kept for ending what there is. */
export const fullShare = 0.8;
/** What was seen longer ago than this is no longer known. */
const knownForMs = 30_000;
const askAgainSeconds = 15;

type AdmissionPorts = Pick<Ports, 'ledger' | 'log'> & {
  readonly limits: Pick<Ports['limits'], 'longestOverdueMs'>;
};

interface Seen {
  readonly at: number;
  readonly overdueMs: ReadonlyMap<string, number>;
  readonly usedShare: number;
}

/** It admits nothing until `look` has looked, and nothing when it could not look for half a minute (I7). */
export function openAdmission(
  { ledger, limits, log }: AdmissionPorts,
  now: () => number = () => performance.now(),
): Admission & { look(): Promise<void> } {
  let seen: Seen | undefined;
  return {
    async look() {
      const at = now();
      const providers = await ledger.leases.providers();
      const overdueMs = await Promise.all(
        providers.map(async (name) => [name, await ledger.leases.overdueMs(name)] as const),
      );
      const was = seen !== undefined && seen.usedShare >= fullShare;
      seen = { at, overdueMs: new Map(overdueMs), usedShare: await ledger.usedShare() };
      const { usedShare } = seen;
      if (usedShare >= fullShare && !was)
        log.error({ usedShare }, 'the state store is nearly full; nothing is issued');
      if (usedShare < fullShare && was) log.warn({ usedShare }, 'the state store has room again');
    },

    admit(provider) {
      if (!seen || now() - seen.at > knownForMs)
        throw new Fault('state.unavailable', 'It is not known whether revocations keep up.');
      if (seen.usedShare >= fullShare)
        throw new Fault('state.full', 'The state store is nearly full; what is left is kept for revoking.', {
          retryAfterSeconds: askAgainSeconds,
        });
      if (provider !== undefined && (seen.overdueMs.get(provider) ?? 0) > limits.longestOverdueMs)
        throw new Fault(
          'revocation.overdue',
          'Credentials of this provider could not be taken back in time.',
          {
            retryAfterSeconds: askAgainSeconds,
          },
        );
    },
  };
}
