import type { Request } from 'express';
import type { NewSignal } from '../../broker/broker.js';
import type { Clock } from '../../kernel/clock.js';
import { SetRefused } from '../../identity/signals/set-refused.js';
import { Fault } from '../../kernel/fault.js';
import { present } from '../../kernel/present.js';
import { agentChange, agentQuery, signalRequest } from '../../wire/agent.js';
import { lifting, revocationQuery, revocationRequest } from '../../wire/revocation.js';
import { principalId } from '../../wire/text.js';
import { readBody, readJson } from '../body.js';
import { callOf, causeOf } from '../call.js';
import { parse } from '../parse.js';
import { renderPage } from '../render.js';
import {
  renderAgent,
  renderBegun,
  renderBlock,
  renderRadius,
  renderRevocation,
} from '../render-governance.js';
import { identified, pathParameter } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import type { governance } from '../../wire/governance.js';
import { momentOf } from './moment.js';
import { pageOf } from './page.js';
import { scopeOf } from './scope.js';

export const governanceRoutes = ({ broker, limits, clock }: RoutePorts): Routes<keyof typeof governance> => ({
  revokeMany: async (req, res) => {
    const principal = await identified(broker, req, res);
    const request = parse(revocationRequest, await readJson(req, limits.bodyBytes));
    const scope = scopeOf(request);
    if (request.dryRun) return send(res, 200, renderRadius(await broker.blastRadius(principal, scope)));
    const { block, reason = 'no reason was given' } = request;
    send(res, 202, renderBegun(await broker.revokeMany(principal, { scope, block, reason })));
  },

  listRevocations: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(revocationQuery, req.query, { within: '/query' });
    send(res, 200, renderPage(await broker.listRevocations(principal, pageOf(query)), renderRevocation));
  },

  findRevocation: async (req, res) => {
    const principal = await identified(broker, req, res);
    const id = pathParameter(req, 'revocation');
    send(res, 200, renderRevocation(await broker.findRevocation(principal, id)));
  },

  listBlocks: async (req, res) => {
    const principal = await identified(broker, req, res);
    send(res, 200, { items: (await broker.listBlocks(principal)).map(renderBlock) });
  },

  liftBlock: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { reason } = parse(lifting, await readJson(req, limits.bodyBytes));
    send(res, 200, renderBlock(await broker.liftBlock(principal, pathParameter(req, 'block'), reason)));
  },

  listAgents: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(agentQuery, req.query, { within: '/query' });
    send(res, 200, renderPage(await broker.listAgents(principal, pageOf(query)), renderAgent));
  },

  findAgent: async (req, res) => {
    const principal = await identified(broker, req, res);
    send(res, 200, renderAgent(await broker.findAgent(principal, agentOf(req))));
  },

  disableAgent: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { reason } = parse(agentChange, await readJson(req, limits.bodyBytes));
    send(res, 200, renderAgent(await broker.disableAgent(principal, agentOf(req), reason)));
  },

  enableAgent: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { reason } = parse(agentChange, await readJson(req, limits.bodyBytes));
    send(res, 200, renderAgent(await broker.enableAgent(principal, agentOf(req), reason)));
  },

  receiveSignal: async (req, res) => {
    const body = await readBody(req, limits.bodyBytes);
    try {
      if (!/^application\/secevent\+jwt\s*(;|$)/i.test(req.headers['content-type'] ?? ''))
        throw new SetRefused('invalid_request', 'The content type is not application/secevent+jwt.');
      await broker.receiveSignal(pathParameter(req, 'stream'), body.toString('latin1'), causeOf(res));
      send(res, 202, {});
    } catch (error) {
      if (!(error instanceof SetRefused)) throw error;
      callOf(res).fault = error;
      send(res, 400, { err: error.err, description: error.message });
    }
  },

  signalAgent: async (req, res) => {
    const principal = await identified(broker, req, res);
    const request = parse(signalRequest, await readJson(req, limits.bodyBytes));
    const signal = signalOf(request, clock);
    send(res, 200, renderAgent(await broker.signalAgent(principal, agentOf(req), signal)));
  },
});

const signalOf = (
  { level, reason, until }: ReturnType<typeof signalRequest.parse>,
  clock: Clock,
): NewSignal => present({ level, reason, endsAt: until && momentOf(until, clock, '/until') });

/** @throws Fault agent.unknown for what cannot be an agent's id */
function agentOf(req: Request): string {
  const id = principalId.safeParse(pathParameter(req, 'agent'));
  if (!id.success) throw new Fault('agent.unknown', 'There is no agent of this id.');
  return id.data;
}
