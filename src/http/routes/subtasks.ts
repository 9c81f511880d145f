import { present } from '../../kernel/present.js';
import { subtaskRequest } from '../../wire/subtask.js';
import { idempotencyKey } from '../bearer.js';
import { readJson } from '../body.js';
import { parse } from '../parse.js';
import { renderTask } from '../render.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { momentOf } from './moment.js';
import { taskOf } from './tasks.js';

export const subtaskRoutes = ({ broker, limits, clock }: RoutePorts): Routes<'delegateTask'> => ({
  delegateTask: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const asked = parse(subtaskRequest, await readJson(req, limits.bodyBytes));
    const { intent, deadline, agent, allowed, tools, environments, maximumTtl } = asked;
    const request = {
      parent: taskOf(req),
      intent,
      agent,
      deadlineAt: momentOf(deadline, clock),
      ...('inSeconds' in deadline && { deadlineInSeconds: deadline.inSeconds }),
      scope: present({
        allowed: allowed.map(({ credential, parameters }) => ({ credential, limits: parameters })),
        tools,
        environments,
        maximumTtlSeconds: maximumTtl,
      }),
    };
    const task = await broker.delegate(principal, request, key);
    send(res, 201, renderTask(task), `/v1/tasks/${task.id}`);
  },
});
