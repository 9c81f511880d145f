import { rememberedProofs } from '../fake/remembered-proofs.js';
import type { Showing } from '../../src/identity/dpop/constrain.js';
import type { EndedAt } from '../../src/identity/ended-proof.js';
import { createIdentify } from '../../src/identity/identify.js';
import { identitySettings } from '../../src/identity/identity-settings.js';
import type { FetchKeys } from '../../src/identity/key-fetch.js';
import type { Principal } from '../../src/identity/principal.js';
import { Fault } from '../../src/kernel/fault.js';

export const broker = 'https://broker.example';

/** 2026-01-01T00:00:00Z. */
export const startMs = 1_767_225_600_000;
export const startSeconds = startMs / 1000;

export type Outcome = { principal: Principal } | { refused: string };

/** A broker's identity part over the given settings, with a clock that is set by hand and no way to the network. */
export function trusting(sections: Record<string, unknown>, fetch?: FetchKeys, endedAt?: EndedAt) {
  const settings = identitySettings.parse({ audience: broker, ...sections });
  const refusals: string[] = [];
  const requested: string[] = [];
  let now = startMs;
  const identify = createIdentify(settings, {
    clock: () => now,
    fetch: (url, init) => {
      requested.push(url);
      if (fetch === undefined) throw new Error('no request was expected');
      return fetch(url, init);
    },
    onRefusal: (reason) => refusals.push(reason),
    proofs: rememberedProofs(),
    listeningAt: () => undefined,
    ...(endedAt && { endedAt }),
  });
  return {
    identify,
    refusals,
    requested,
    now: () => now,
    advance: (seconds: number) => (now += seconds * 1000),
    /** The principal, or the reason that the log gets. */
    ask: async (token: string | undefined, showing?: Showing): Promise<Outcome> => {
      try {
        return { principal: await identify(token, showing) };
      } catch (cause) {
        if (!(cause instanceof Fault)) throw cause;
        return { refused: cause.reason ?? '' };
      }
    },
  };
}
