import { fileURLToPath } from 'node:url';
import type { AuditEvent } from '../audit/event.js';
import type { Ports } from '../broker/ports.js';
import { readAssets } from '../http/console/assets.js';
import type { Console } from '../http/console/console.js';
import { openOidcSignIn } from '../identity/oidc-sign-in.js';
import { openSessions } from '../identity/session.js';
import { redisSessions } from '../ledger/redis-sessions.js';
import type { RedisClient } from '../ledger/script.js';
import type { Settings } from '../settings/load.js';

/** Gives the bearer token that a one-time link stands for: the sandbox's way in. */
export type RedeemLink = (link: string) => Promise<string | undefined>;

/** The console that the settings ask for; undefined without, and where its pages were not built. */
export function openConsole(
  settings: Settings,
  { identify, endedAt, ledger, log }: Ports,
  redis: RedisClient,
  redeem?: RedeemLink,
): Console | undefined {
  const { console } = settings;
  if (!console) return undefined;
  const assets = readAssets(fileURLToPath(new URL('../console', import.meta.url)));
  if (!assets) {
    log.warn({}, 'the pages of the console were not built; there is no console');
    return undefined;
  }
  const callback = `${console.url}/console/sign-in/callback`;
  return {
    origin: console.url,
    assets,
    sessions: openSessions(redisSessions(redis, settings.redis.prefix), ledger.clock, {
      idleMs: console.idle * 1000,
      longestMs: console.longest * 1000,
      trust: settings.issuers,
      endedAt,
    }),
    oidc: console.oidc && openOidcSignIn(console.oidc, settings, callback, ledger.clock),
    link:
      redeem &&
      (async (link) => {
        const token = await redeem(link);
        return token === undefined ? undefined : identify(token);
      }),
    told: (what, { id, roles, issuer }) => {
      const event: AuditEvent = { type: `session.${what}`, by: id, roles, issuer };
      return ledger.log.record(event);
    },
  };
}
