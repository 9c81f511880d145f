import type { Request, Response } from 'express';
import { Fault } from '../../kernel/fault.js';
import type { SessionShape } from '../../wire/session.js';
import { callOf } from '../call.js';
import type { Console } from '../console/console.js';
import { cookiesFor } from '../console/cookie.js';
import { provenSession } from '../console/session-proof.js';
import { instant } from '../instant.js';
import type { Routes } from '../route.js';
import { send } from '../send.js';

/** The session that a browser proves by its cookie; a bearer token has none. */
export function sessionRoutes(console: Console | undefined): Routes<'findSession' | 'endSession'> {
  const ports = console && { ...console, cookies: cookiesFor(console.origin) };

  async function proven(req: Request, res: Response) {
    const id = ports?.cookies.session(req);
    if (!ports || id === undefined)
      throw new Fault('identity.unproven', 'There is no session.', { reason: 'session.none' });
    const session = await provenSession(ports, req, id);
    callOf(res).principal = session.principal.id;
    return { ports, id, session };
  }

  return {
    findSession: async (req, res) => {
      const { ports, id, session } = await proven(req, res);
      const answer: SessionShape = {
        principal: session.principal.id,
        roles: session.principal.roles,
        beganAt: instant(session.beganAt),
        endsAt: instant(session.endsAt),
        csrfToken: ports.sessions.csrfToken(id),
      };
      send(res, 200, answer);
    },

    endSession: async (req, res) => {
      const { ports, id, session } = await proven(req, res);
      await ports.sessions.end(id);
      ports.cookies.clearSession(res);
      await ports.told('ended', session.principal);
      send(res, 200, { ended: true });
    },
  };
}
