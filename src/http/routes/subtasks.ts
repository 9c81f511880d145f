import { present } from '../../kernel/present.js';
import { subtaskRequest } from '../../wire/subtask.js';
import { idempotencyKey } from '../bearer.js';
import { readJson } from '../body.js';
import { parse } from '../parse.js';
import { renderTask } from '../render.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { sendQuestion } from './approvals.js';
import { momentOf } from './moment.js';
import { taskOf } from './tasks.js';

export const subtaskRoutes = ({
  broker,
  limits,
  clock,
  consoleUrl = '',
}: RoutePorts): Routes<'delegateTask'> => ({
  delegateTask: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const asked = parse(subtaskRequest, await readJson(req, limits.bodyBytes));
    const { intent, deadline, agent, allowed, tools, environments, maximumTtl, approval } = asked;
    const request = {
      parent: taskOf(req),
      intent,
      agent,
      deadlineAt: momentOf(deadline, clock),
      ...(approval !== undefined && { approval }),
      ...('inSeconds' in deadline && { deadlineInSeconds: deadline.inSeconds }),
      scope: present({
        allowed: allowed.map(({ credential, parameters }) => ({ credential, limits: parameters })),
        tools,
        environments,
        maximumTtlSeconds: maximumTtl,
      }),
    };
    const answer = await broker.delegate(principal, request, key);
    if ('approval' in answer) return sendQuestion(res, answer.approval, consoleUrl);
    send(res, 201, renderTask(answer), `/v1/tasks/${answer.id}`);
  },
});
