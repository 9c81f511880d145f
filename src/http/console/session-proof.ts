import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import type { Session, Sessions } from '../../identity/session.js';
import { Fault } from '../../kernel/fault.js';
import { headerValues } from '../bearer.js';
import { callOf } from '../call.js';
import type { Cookies } from './cookie.js';

export interface SessionPorts {
  /** Where browsers reach us. */
  readonly origin: string;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Beside a bearer token, a request may prove itself by the cookie of a session. A token that is there goes first. */
export function acceptSessions(ports: SessionPorts): RequestHandler {
  return (req, res, next) => {
    const id = req.headers.authorization === undefined ? ports.cookies.session(req) : undefined;
    if (id !== undefined) callOf(res).proven = async () => (await provenSession(ports, req, id)).principal;
    next();
  };
}

/** The session of the request. Throws `identity.unproven` when it is over, `session.forged` as `requireOwnPage`. */
export async function provenSession(ports: SessionPorts, req: IncomingMessage, id: string): Promise<Session> {
  requireOwnPage(ports, req, id);
  // What timers ask for, and the live feed, go on without anybody there.
  const unattended =
    req.headers['protem-unattended'] !== undefined || req.headers.accept === 'text/event-stream';
  const session = await ports.sessions.find(id, unattended);
  if (session) return session;
  throw new Fault('identity.unproven', 'The session is over.', { reason: 'session.over' });
}

/**
 * A browser sends the cookie along with whatever it is made to send. SameSite keeps other sites out; this keeps out what
 * a browser without it, or a sibling host, would let in: what changes something names our own origin and carries the
 * token that only our own page can read.
 */
function requireOwnPage({ origin, sessions }: SessionPorts, req: IncomingMessage, id: string): void {
  const site = req.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw forged('sec_fetch_site');
  if (safeMethods.has(req.method ?? '')) return;
  if (req.headers.origin === undefined ? site !== 'same-origin' : req.headers.origin !== origin)
    throw forged('origin');
  const [token = ''] = headerValues(req, 'protem-csrf');
  if (!isSame(token, sessions.csrfToken(id))) throw forged('token');
}

const forged = (check: string) =>
  new Fault('session.forged', 'The request was not made by the console itself.', {
    reason: `session.${check}`,
  });

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
