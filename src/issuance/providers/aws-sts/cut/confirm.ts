import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderWorld } from '../../../world.js';
import type { Probe } from './probe.js';
import type { Written } from './writer.js';

/** The first looks come soon, the later ones a second apart. */
const firstMs = 50;
const longestMs = 1000;

/**
 * Looks with the probe until AWS refuses it by an explicit deny, and tells all processes that what was written until
 * then is in force. Gives up when `effectiveAfterMs` has passed, or another document has been seen in force: from then
 * on nobody waits for this one.
 */
export async function confirm(
  { shared, clock, log }: ProviderWorld,
  group: string,
  { epoch, writtenAt }: Written,
  probe: Probe,
  effectiveAfterMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let pauseMs = firstMs; ; pauseMs = Math.min(longestMs, pauseMs * 2)) {
      if ((await probe.denied()) === true) {
        await shared.leaveNote('confirmed', group, { epoch, writtenAt, confirmedAt: clock() });
        return;
      }
      if (clock() > writtenAt + effectiveAfterMs || (await confirmedUntil({ shared }, group)) >= writtenAt)
        return;
      await wait(pauseMs, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) log.warn({ group, err: error }, 'the probe could not look; time decides instead');
  } finally {
    probe.close();
  }
}

/** All that was written until then is in force; 0 when nothing is known to be. */
export async function confirmedUntil(
  { shared }: Pick<ProviderWorld, 'shared'>,
  group: string,
): Promise<number> {
  return Number((await shared.note('confirmed', group))?.['writtenAt'] ?? 0);
}
