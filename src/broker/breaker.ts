import { Fault, faultCode } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import { retryInMs } from '../revocation/retry.js';

/** After so many failures of these kinds in a row, nobody queues up for a provider that does not answer. */
const opensAfter = 5;
const unanswered: ReadonlySet<FaultCode> = new Set(['provider.unavailable', 'provider.timeout']);
const firstProbeMs = 500;
const longestWaitMs = 15_000;

/** Nothing was asked of the provider, because it does not answer. */
export class HeldBack extends Fault {
  readonly againInMs: number;

  constructor(provider: string, againInMs: number) {
    super('provider.unavailable', 'The credential provider does not answer, and was not asked.', {
      retryAfterSeconds: Math.ceil(againInMs / 1000),
      reason: `the breaker of ${provider} is open`,
    });
    this.againInMs = againInMs;
  }
}

/**
 * For each provider: closed, all may ask; open, one asks at a time, and its success closes it. Issuing and revoking
 * have one each, because issuing that fails must not hold a revocation back. It is of this process alone.
 */
export interface Breaker {
  /**
   * Throws HeldBack in the place of the work while the provider does not answer. `provider` may be followed by a space
   * and a part of it that fails by itself, such as an account.
   */
  run<T>(provider: string, work: () => Promise<T>): Promise<T>;
  /** Of the provider, or of any part of it. */
  isOpen(provider: string): boolean;
}

interface State {
  failures: number;
  probing: boolean;
  probeAt: number;
}

export function openBreaker(
  now: () => number = () => performance.now(),
  random: () => number = Math.random,
): Breaker {
  const states = new Map<string, State>();
  const stateOf = (provider: string): State => {
    let state = states.get(provider);
    if (!state) states.set(provider, (state = { failures: 0, probing: false, probeAt: 0 }));
    return state;
  };
  /** Spread out, so that not everybody comes back at once. */
  const waitMs = (failures: number) => Math.min(longestWaitMs, retryInMs(failures - opensAfter + 1, random));

  return {
    isOpen: (provider) =>
      [...states].some(
        ([name, { failures }]) =>
          (name === provider || name.startsWith(`${provider} `)) && failures >= opensAfter,
      ),

    async run(provider, work) {
      const state = stateOf(provider);
      const probe = state.failures >= opensAfter;
      if (probe && (state.probing || now() < state.probeAt))
        throw new HeldBack(provider, Math.max(waitMs(state.failures), Math.ceil(state.probeAt - now())));
      if (probe) state.probing = true;
      try {
        const done = await work();
        state.failures = 0;
        return done;
      } catch (error) {
        const isSilence = unanswered.has(faultCode(error));
        // What was under way when it opened says nothing new: a hundred that fail at once are one outage.
        if (isSilence && !probe && state.failures >= opensAfter) throw error;
        // Whoever was refused before the provider was asked has not used up the turn to ask it.
        if (!faultCode(error).startsWith('provider.')) throw error;
        if (isSilence) state.failures++;
        else state.failures = 0; // it has answered
        state.probeAt =
          now() + Math.min(firstProbeMs * 2 ** Math.max(0, state.failures - opensAfter), longestWaitMs);
        throw error;
      } finally {
        if (probe) state.probing = false;
      }
    },
  };
}
