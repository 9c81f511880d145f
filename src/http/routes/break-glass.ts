import { isOpen } from '../../approval/break-glass.js';
import type { BreakGlass } from '../../approval/break-glass.js';
import { inertIn } from '../../approval/inert.js';
import { formatDuration } from '../../kernel/duration.js';
import { present } from '../../kernel/present.js';
import { breakGlassQuery, breakGlassRequest, breakGlassReview } from '../../wire/break-glass.js';
import type { BreakGlassShape } from '../../wire/break-glass.js';
import { readJson } from '../body.js';
import { instant } from '../instant.js';
import { parse } from '../parse.js';
import { renderGrant, renderPage } from '../render.js';
import { identified, pathParameter } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { sendQuestion } from './approvals.js';
import { pageOf } from './page.js';

export const breakGlassRoutes = ({
  broker,
  limits,
  clock,
  consoleUrl = '',
}: RoutePorts): Routes<'breakGlass' | 'listBreakGlass' | 'reviewBreakGlass'> => ({
  breakGlass: async (req, res) => {
    const principal = await identified(broker, req, res);
    const body = await readJson(req, limits.bodyBytes);
    const { ttl, ...asked } = parse(breakGlassRequest, body, { faultAt: { '/ttl': 'ttl.invalid' } });
    const answer = await broker.emergency.take(principal, present({ ...asked, ttlSeconds: ttl }));
    if ('approval' in answer) return sendQuestion(res, answer.approval, consoleUrl);
    send(
      res,
      201,
      { ...renderGrant(answer), breakGlass: renderBreakGlass(answer.breakGlass, clock()) },
      `/v1/leases/${answer.lease.id}`,
    );
  },

  listBreakGlass: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(breakGlassQuery, req.query, { within: '/query' });
    const page = await broker.emergency.list(principal, pageOf(query));
    send(
      res,
      200,
      renderPage(page, (taken) => renderBreakGlass(taken, clock())),
    );
  },

  reviewBreakGlass: async (req, res) => {
    const principal = await identified(broker, req, res);
    const review = parse(breakGlassReview, await readJson(req, limits.bodyBytes));
    const taken = await broker.emergency.review(principal, pathParameter(req, 'breakGlass'), review);
    send(res, 200, renderBreakGlass(taken, clock()));
  },
});

/** Over by time alone, whether or not a worker runs. */
const renderBreakGlass = (taken: BreakGlass, now: number): BreakGlassShape =>
  inertIn(
    present({
      id: taken.id,
      task: taken.task,
      by: taken.by,
      credential: taken.entry,
      parameters: taken.parameters,
      ttl: formatDuration(taken.ttlSeconds),
      reason: taken.reason,
      ticket: taken.ticket,
      approval: taken.approval,
      status: taken.review
        ? ('reviewed' as const)
        : isOpen(taken, now)
          ? ('open' as const)
          : ('over' as const),
      openedAt: instant(taken.openedAt),
      endsAt: instant(taken.endsAt),
      review: taken.review && { ...taken.review, at: instant(taken.review.at) },
    }),
  );
