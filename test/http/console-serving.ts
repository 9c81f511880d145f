import { gzipSync } from 'node:zlib';
import type { Console } from '../../src/http/console/console.js';
import type { Principal } from '../../src/identity/principal.js';
import { openSessions } from '../../src/identity/session.js';
import { fixedClock } from '../fake/fixed-clock.js';
import { memorySessions } from '../fake/memory-sessions.js';
import { now, serving } from './serving.js';
import type { Serving } from './serving.js';

export const olga: Principal = {
  id: 'operator:olga',
  kind: 'operator',
  issuer: 'https://login.test',
  roles: ['viewer', 'admin'],
  claims: {},
  proofExpiresAt: now + 60_000,
};

const asset = (mediaType: string, text: string) => ({
  mediaType,
  body: Buffer.from(text),
  gzipped: gzipSync(text),
});

/** The link that signs olga in. */
export const goodLink = 'only-link';

/** The API with a console behind it, as browsers reach it at `origin`. */
export async function consoleServing(origin = 'https://protem.test', over: Partial<Console> = {}) {
  const clock = fixedClock(now);
  const store = memorySessions(clock);
  const told: string[] = [];
  /** When whose sessions were ended by a security event. */
  const ended = new Map<string, number>();
  const rules = {
    ...{ idleMs: 1_800_000, longestMs: 28_800_000, trust: ['issuers'] },
    endedAt: (id: string) => ended.get(id),
  };
  const pages: Console = {
    origin,
    assets: {
      page: asset('text/html; charset=utf-8', '<p>page'),
      files: new Map([['console-ABC.js', asset('text/javascript; charset=utf-8', 'script')]]),
    },
    sessions: openSessions(store, clock, rules),
    link: async (token) => (token === goodLink ? olga : undefined),
    told: async (event, principal) => void told.push(`${event} ${principal.id}`),
    ...over,
  };
  const made = await serving({ console: pages });
  return { ...made, clock, store, told, rules, ended, origin };
}

/** As a browser does it: follows nothing, and keeps the cookies. */
export const visit = (serving: Pick<Serving, 'url'>, path: string, headers: Record<string, string> = {}) =>
  fetch(serving.url + path, { redirect: 'manual', headers });

export const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0]!)
    .join('; ');

/** Signed in: the cookie, and the token that goes with what changes something. */
export async function signedIn(serving: Serving) {
  const cookie = cookieOf(await visit(serving, `/console/sign-in?once=${goodLink}`));
  const { json } = await serving.call('GET', '/v1/session', { token: null, headers: { cookie } });
  return { cookie, csrfToken: String(json['csrfToken']) };
}
