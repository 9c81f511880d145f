import type { Request } from 'express';
import type { LeaseQuery } from '../../ledger/ledger.js';
import { Fault } from '../../kernel/fault.js';
import { leaseIdPattern } from '../../kernel/id.js';
import { leaseQuery, leaseRevocationRequest } from '../../wire/lease.js';
import { renewalRequest } from '../../wire/renewal.js';
import { idempotencyKey } from '../bearer.js';
import { readJson } from '../body.js';
import { parse } from '../parse.js';
import { renderLease, renderPage, renderRenewal, renderTaskSummary } from '../render.js';
import { identified, pathParameter } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { pageOf } from './page.js';

export const leaseRoutes = ({
  broker,
  limits,
}: RoutePorts): Routes<'listLeases' | 'findLease' | 'renewLease' | 'revokeLease'> => ({
  listLeases: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { withTasks, ...query } = queryOf(req);
    const page = await broker.listLeases(principal, query);
    const tasks = withTasks ? await broker.tasksOf(principal, page.items) : undefined;
    send(res, 200, {
      ...renderPage(page, renderLease),
      ...(tasks && { tasks: Object.fromEntries(tasks.map((task) => [task.id, renderTaskSummary(task)])) }),
    });
  },

  findLease: async (req, res) => {
    const principal = await identified(broker, req, res);
    send(res, 200, renderLease(await broker.findLease(principal, leaseOf(req))));
  },

  renewLease: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const body = await readJson(req, limits.bodyBytes);
    const { ttl, ...ask } = parse(renewalRequest, body, { faultAt: { '/ttl': 'ttl.invalid' } });
    const request = { lease: leaseOf(req), ...ask, ...(ttl !== undefined && { ttlSeconds: ttl }) };
    send(res, 200, renderRenewal(await broker.renew(principal, request, key)));
  },

  revokeLease: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { reason } = parse(leaseRevocationRequest, await readJson(req, limits.bodyBytes));
    send(res, 200, renderLease(await broker.revokeLease(principal, leaseOf(req), reason)));
  },
});

function queryOf(req: Request): LeaseQuery & { readonly withTasks: boolean } {
  const query = parse(leaseQuery, req.query, { within: '/query' });
  const { page_size: _size, page_token: _token, with_tasks, credential, ...filters } = query;
  const withTasks = with_tasks === 'true';
  return { ...pageOf(query), ...filters, withTasks, ...(credential !== undefined && { entry: credential }) };
}

/** @throws Fault lease.unknown for what cannot be a lease id */
function leaseOf(req: Request): string {
  const id = pathParameter(req, 'lease');
  if (!leaseIdPattern.test(id)) throw new Fault('lease.unknown', 'There is no lease of this id.');
  return id;
}
