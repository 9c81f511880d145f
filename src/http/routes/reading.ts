import { auditQuery } from '../../wire/audit.js';
import { checkpointQuery } from '../../wire/checkpoint.js';
import { parse } from '../parse.js';
import { renderCheckpoint, renderEntry, renderPage, renderRecord } from '../render.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { pageOf } from './page.js';

type Reading = 'listCatalog' | 'readAudit' | 'listCheckpoints' | 'auditKeys';

export const readingRoutes = ({ broker }: RoutePorts): Routes<Reading> => ({
  listCatalog: async (req, res) => {
    const principal = await identified(broker, req, res);
    send(res, 200, { items: broker.catalog(principal).map(renderEntry) });
  },

  readAudit: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(auditQuery, req.query, { within: '/query' });
    const subject = query.lease ?? query.task ?? query.agent;
    const page = await broker.readAudit(principal, {
      ...pageOf(query),
      ...(subject !== undefined && { subject }),
      ...(query.since !== undefined && { since: Date.parse(query.since) }),
      ...(query.until !== undefined && { until: Date.parse(query.until) }),
    });
    send(res, 200, renderPage(page, renderRecord));
  },

  listCheckpoints: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(checkpointQuery, req.query, { within: '/query' });
    send(res, 200, renderPage(await broker.listCheckpoints(principal, pageOf(query)), renderCheckpoint));
  },

  auditKeys: (_req, res) => send(res, 200, broker.auditKeys()),
});
