import { auditQuery } from '../../wire/audit.js';
import { parse } from '../parse.js';
import { renderEntry, renderPage, renderRecord } from '../render.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { pageOf } from './page.js';

export const readingRoutes = ({ broker }: RoutePorts): Routes<'listCatalog' | 'readAudit'> => ({
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
    });
    send(res, 200, renderPage(page, renderRecord));
  },
});
