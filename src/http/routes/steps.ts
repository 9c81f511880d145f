import { present } from '../../kernel/present.js';
import { stepRequest } from '../../wire/step.js';
import { idempotencyKey } from '../bearer.js';
import { readJson } from '../body.js';
import { parse } from '../parse.js';
import { renderStep } from '../render.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { taskOf } from './tasks.js';

export const stepRoutes = ({ broker, limits }: RoutePorts): Routes<'takeStep' | 'listSteps'> => ({
  takeStep: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const asked = parse(stepRequest, await readJson(req, limits.bodyBytes));
    const step = await broker.takeStep(principal, present({ task: taskOf(req), ...asked }), key);
    send(res, 201, renderStep(step));
  },

  listSteps: async (req, res) => {
    const principal = await identified(broker, req, res);
    const steps = await broker.listSteps(principal, taskOf(req));
    send(res, 200, { items: steps.map(renderStep) });
  },
});
