import type { Request } from 'express';
import { Fault } from '../../kernel/fault.js';
import { taskIdPattern } from '../../kernel/id.js';
import { optional } from '../../kernel/present.js';
import { credentialRequest } from '../../wire/credential.js';
import { taskEndRequest, taskQuery, taskRequest } from '../../wire/task.js';
import { idempotencyKey } from '../bearer.js';
import { readJson } from '../body.js';
import { knownBodies } from '../known-bodies.js';
import { parse } from '../parse.js';
import { renderGrant, renderPage, renderTask } from '../render.js';
import { identified, pathParameter } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { momentOf } from './moment.js';
import { sendQuestion } from './approvals.js';
import { pageOf } from './page.js';

const credentialRequests = knownBodies(credentialRequest, { faultAt: { '/ttl': 'ttl.invalid' } });

export const taskRoutes = ({
  broker,
  limits,
  clock,
  consoleUrl = '',
}: RoutePorts): Routes<'openTask' | 'listTasks' | 'findTask' | 'endTask' | 'requestCredential'> => ({
  openTask: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const { deadline, ...ask } = parse(taskRequest, await readJson(req, limits.bodyBytes));
    const when = {
      deadlineAt: momentOf(deadline, clock),
      ...('inSeconds' in deadline && { deadlineInSeconds: deadline.inSeconds }),
    };
    const task = await broker.openTask(principal, { ...ask, ...when }, key);
    send(res, 201, renderTask(task), `/v1/tasks/${task.id}`);
  },

  listTasks: async (req, res) => {
    const principal = await identified(broker, req, res);
    const query = parse(taskQuery, req.query, { within: '/query' });
    const page = await broker.listTasks(principal, {
      ...pageOf(query),
      ...(query.agent !== undefined && { agent: query.agent }),
    });
    send(res, 200, renderPage(page, renderTask));
  },

  findTask: async (req, res) => {
    const principal = await identified(broker, req, res);
    send(res, 200, renderTask(await broker.findTask(principal, taskOf(req))));
  },

  endTask: async (req, res) => {
    const principal = await identified(broker, req, res);
    const { outcome } = parse(taskEndRequest, await readJson(req, limits.bodyBytes));
    send(res, 200, renderTask(await broker.endTask(principal, taskOf(req), outcome)));
  },

  requestCredential: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const asked = await credentialRequests(req, limits.bodyBytes);
    const request = optional({
      task: taskOf(req),
      credential: asked.credential,
      parameters: asked.parameters,
      tool: asked.tool,
      step: asked.step,
      reason: asked.reason,
      ttlSeconds: asked.ttl,
      encryptTo: asked.encryptTo,
      approval: asked.approval,
    });
    const answer = await broker.grantOrAsk(principal, request, key);
    if ('approval' in answer) return sendQuestion(res, answer.approval, consoleUrl);
    send(res, 201, renderGrant(answer), `/v1/leases/${answer.lease.id}`);
  },
});

/** @throws Fault task.unknown for what cannot be a task id */
export function taskOf(req: Request): string {
  const id = pathParameter(req, 'task');
  if (!taskIdPattern.test(id)) throw new Fault('task.unknown', 'There is no task of this id.');
  return id;
}
