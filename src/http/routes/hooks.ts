import type { IncomingMessage } from 'node:http';
import { Fault } from '../../kernel/fault.js';
import { present } from '../../kernel/present.js';
import { readBody } from '../body.js';
import { causeOf } from '../call.js';
import { pathParameter } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';

const sourcePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const hookRoutes = ({ broker, limits }: RoutePorts): Routes<'receiveHook'> => ({
  receiveHook: async (req, res) => {
    const source = pathParameter(req, 'source');
    if (!sourcePattern.test(source))
      throw new Fault('hook.unknown', 'There is no webhook source of this name.');
    // Raw, because the signature is over the bytes; it is parsed only when they are proven.
    const rawBody = await readBody(req, limits.hookBodyBytes);
    const { task, tasks, effect } = await broker.receiveHook(source, {
      headers: headersOf(req),
      rawBody,
      call: causeOf(res),
    });
    send(res, 200, present({ task, tasks, effect }));
  },
});

/** By name in lower case. A header sent twice is here as no single value, and so proves nothing. */
function headersOf(req: IncomingMessage): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = Object.create(null) as Record<
    string,
    string | undefined
  >;
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] ?? '').toLowerCase();
    headers[name] = name in headers ? undefined : req.rawHeaders[i + 1];
  }
  return headers;
}
