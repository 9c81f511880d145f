import type { Express, RequestHandler, Response } from 'express';
import type { OidcSignIn } from '../../identity/oidc-sign-in.js';
import type { Principal } from '../../identity/principal.js';
import type { Sessions } from '../../identity/session.js';
import { Fault } from '../../kernel/fault.js';
import { callOf } from '../call.js';
import { faultOf } from '../problem.js';
import { sendAsset } from './assets.js';
import type { Assets } from './assets.js';
import { cookiesFor } from './cookie.js';
import type { Cookies } from './cookie.js';

/** What the console is served with. */
export interface Console {
  /** Where browsers reach us, such as `https://protem.example.com`. */
  readonly origin: string;
  readonly assets: Assets;
  readonly sessions: Sessions;
  readonly oidc?: OidcSignIn | undefined;
  /** The sandbox's way in: a link that holds once. Undefined for one that does not hold (any more). */
  readonly link?: ((token: string) => Promise<Principal | undefined>) | undefined;
  /** Told of every session that begins, and ends by being signed out of. */
  readonly told: (event: 'begun' | 'ended', principal: Principal) => Promise<void>;
}

/** The pages, and the way in. The pages themselves know nothing: what they show they ask the API for. */
export function addConsole(app: Express, admitted: RequestHandler, console: Console): void {
  const cookies = cookiesFor(console.origin);
  const named: RequestHandler = (_req, res, next) => {
    callOf(res).route = '/console';
    next();
  };
  const at = (path: string, handler: RequestHandler) => app.get(path, named, admitted, handler);
  // Browsers ask for pages before anything else; whoever asks for data is told where it is.
  at('/', (req, res, next) => (req.accepts(['json', 'html']) === 'html' ? toPages(res) : next()));
  at('/console', (_req, res) => res.redirect(308, '/console/'));
  at('/console/assets/:name', (req, res) => {
    const asset = console.assets.files.get(String(req.params['name']));
    if (!asset) throw new Fault('route.unknown', 'There is no such file.');
    sendAsset(req, res, asset, true);
  });
  at('/console/sign-in', signIn(console, cookies));
  at('/console/sign-in/callback', finishSignIn(console, cookies));
  at('/console/{*page}', (req, res) => sendAsset(req, res, console.assets.page, false));
}

/** To the pages, which say in words what has gone wrong. */
const toPages = (res: Response, problem?: string) =>
  res.redirect(303, problem === undefined ? '/console/' : `/console/?problem=${problem}`);

function signIn(console: Console, cookies: Cookies): RequestHandler {
  return async (req, res) => {
    if (console.oidc) {
      const { url, memory } = await console.oidc.begin();
      cookies.setMemory(res, memory);
      return res.redirect(303, url.href);
    }
    const { once } = req.query;
    const principal = await console.link?.(typeof once === 'string' ? once : '');
    if (!principal) return toPages(res, console.link ? 'link' : 'no_way_in');
    await begin(console, cookies, res, principal);
    return toPages(res);
  };
}

function finishSignIn(console: Console, cookies: Cookies): RequestHandler {
  return async (req, res) => {
    const memory = cookies.memory(req);
    cookies.clearMemory(res);
    if (!console.oidc || !memory) return toPages(res, 'sign_in');
    try {
      const principal = await console.oidc.finish(new URL(req.originalUrl, console.origin), memory);
      await begin(console, cookies, res, principal);
    } catch (thrown) {
      // People see a page, not a problem document; the log has the fault.
      const fault = (callOf(res).fault = faultOf(thrown));
      return toPages(res, fault.code === 'role.missing' ? 'role' : 'sign_in');
    }
    return toPages(res);
  };
}

/** A new id whatever the browser brought: a session cannot be fixed beforehand. */
async function begin(console: Console, cookies: Cookies, res: Response, principal: Principal): Promise<void> {
  await console.told('begun', principal);
  const { id } = await console.sessions.begin(principal);
  callOf(res).principal = principal.id;
  cookies.setSession(res, id);
}
