import type { Request, Response } from 'express';
import type { Approval } from '../../approval/approval.js';
import type { NewAnswer } from '../../broker/broker.js';
import { Fault } from '../../kernel/fault.js';
import { approvalIdPattern } from '../../kernel/id.js';
import { present } from '../../kernel/present.js';
import {
  approvalCancellation,
  approvalDecision,
  approvalQuery,
  approvalRevocation,
  approvalWait,
} from '../../wire/approval.js';
import { readJson } from '../body.js';
import { parse } from '../parse.js';
import { renderApproval } from '../render-approval.js';
import { renderPage } from '../render.js';
import { identified, pathParameter } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { pageOf } from './page.js';

type Ids = 'listApprovals' | 'findApproval' | 'decideApproval' | 'cancelApproval' | 'revokeApproval';

export const approvalRoutes = ({
  broker,
  limits,
  consoleUrl = '',
  stopping,
}: RoutePorts & { readonly stopping: () => boolean }): Routes<Ids> => ({
  listApprovals: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(approvalQuery, req.query, { within: '/query' });
    const page = await broker.approvals.list(principal, {
      ...pageOf(query),
      ...(query.agent !== undefined && { agent: query.agent }),
      ...(query.status === 'pending' && { pending: true as const }),
    });
    send(
      res,
      200,
      renderPage(page, (approval) => renderApproval(approval, consoleUrl)),
    );
  },

  findApproval: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { wait = 0 } = parse(approvalWait, req.query, { within: '/query' });
    const gone = goneFrom(res, stopping);
    const approval = await broker.approvals.await(principal, approvalOf(req), wait * 1000, gone);
    const view = await broker.approvals.view(principal, approval);
    send(res, 200, renderApproval(approval, consoleUrl, view));
  },

  decideApproval: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { decision, ttl, ...rest } = parse(approvalDecision, await readJson(req, limits.bodyBytes));
    const answer: NewAnswer = present({ is: decision, ttlSeconds: ttl, ...rest });
    const approval = await broker.approvals.decide(principal, approvalOf(req), answer);
    send(res, 200, renderApproval(approval, consoleUrl));
  },

  cancelApproval: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { reason } = parse(approvalCancellation, await readJson(req, limits.bodyBytes));
    const approval = await broker.approvals.cancel(principal, approvalOf(req), reason);
    send(res, 200, renderApproval(approval, consoleUrl));
  },

  revokeApproval: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { reason } = parse(approvalRevocation, await readJson(req, limits.bodyBytes));
    const approval = await broker.approvals.revoke(principal, approvalOf(req), reason);
    send(res, 200, renderApproval(approval, consoleUrl));
  },
});

/** Nothing is issued yet: 202, and where to wait for the answer. */
export function sendQuestion(res: Response, approval: Approval, consoleUrl: string): void {
  send(res, 202, { approval: renderApproval(approval, consoleUrl) }, `/v1/approvals/${approval.id}`);
}

/** Whoever waits may leave, and a process that stops keeps nobody waiting. */
function goneFrom(res: Response, stopping: () => boolean): () => boolean {
  let closed = false;
  res.once('close', () => (closed = true));
  return () => closed || stopping();
}

/** @throws Fault approval.unknown for what cannot be an approval id */
function approvalOf(req: Request): string {
  const id = pathParameter(req, 'approval');
  if (!approvalIdPattern.test(id)) throw new Fault('approval.unknown', 'There is no approval of this id.');
  return id;
}
