import type { Clock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import type { Secret } from '../../../kernel/secret.js';

/** The broker's own token. */
export interface Held {
  readonly token: Secret;
  readonly renewable: boolean;
  /** Its whole life when it was obtained or renewed. */
  readonly lifeMs: number;
  /** Milliseconds since the epoch; Infinity when it has no end. */
  readonly endsAt: number;
}

export interface BrokerTokenSource {
  readonly login: () => Promise<Held>;
  readonly renew: (token: Secret) => Promise<Held>;
  readonly clock: Clock;
  /** Runs something later, and must not keep the process alive for it. Returns what calls it off. */
  readonly later: (delayMs: number, run: () => void) => () => void;
}

export interface BrokerToken {
  /** A token with life in it, logging in or renewing first where needed; callers at the same time share that. */
  current(): Promise<Secret>;
  /** Says that Vault refused this token. True when another is worth a try. */
  refused(token: Secret): Promise<boolean>;
  close(): void;
}

/** A token younger than this that is refused lacks the right; another would be refused as well. */
const youngMs = 10_000;
const retryMs = 5_000;
/** Timers beyond 24.8 days fire at once. */
const longestDelayMs = 86_400_000;

/**
 * Keeps the broker's token alive: renews it before a third of its life is all that remains, and logs in anew when
 * renewing no longer lengthens it. A failure is tried again for as long as the token lasts, and never ends the keeping.
 */
export function keepBrokerToken({ login, renew, clock, later }: BrokerTokenSource): BrokerToken {
  let held: (Held & { readonly since: number }) | undefined;
  let getting: Promise<Secret> | undefined;
  let callOff = () => {};
  let closed = false;

  const alive = () => held !== undefined && held.endsAt > clock();
  const fresh = () => held !== undefined && held.endsAt - clock() > held.lifeMs / 3;

  function keep(next: Held): Secret {
    held = { ...next, since: clock() };
    plan(next.endsAt === Infinity ? undefined : Math.max(1000, (next.lifeMs * 2) / 3));
    return next.token;
  }

  function plan(delayMs: number | undefined): void {
    callOff();
    if (closed || delayMs === undefined) return;
    callOff = later(Math.min(delayMs, longestDelayMs), () => {
      if (fresh()) plan(Math.max(1000, held!.endsAt - clock() - held!.lifeMs / 3));
      else void obtain().catch(() => plan(retryMs));
    });
  }

  async function get(): Promise<Secret> {
    const old = held;
    try {
      if (old?.renewable && alive()) {
        const renewed = await renew(old.token).catch((error: unknown) => {
          if (error instanceof Fault && error.code === 'provider.refused') return undefined;
          throw error;
        });
        // Near its maximum a token is renewed for less and less: better a new one.
        if (renewed && renewed.lifeMs >= old.lifeMs / 2) return keep(renewed);
      }
      return keep(await login());
    } catch (error) {
      if (old === undefined || held !== old || !alive()) throw error;
      plan(retryMs);
      return old.token;
    }
  }

  const obtain = () =>
    (getting ??= get().finally(() => {
      getting = undefined;
    }));

  return {
    current: async () => (held && fresh() ? held.token : obtain()),
    async refused(token) {
      if (held?.token !== token) return true;
      if (clock() - held.since < youngMs) return false;
      held = undefined;
      await obtain();
      return true;
    },
    close() {
      closed = true;
      callOff();
    },
  };
}
