import { present } from '../../kernel/present.js';
import { stepRequest } from '../../wire/step.js';
import { idempotencyKey } from '../bearer.js';
import { knownBodies } from '../known-bodies.js';
import { renderStep } from '../render.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';
import { taskOf } from './tasks.js';

const stepRequests = knownBodies(stepRequest);

export const stepRoutes = ({ broker, limits }: RoutePorts): Routes<'takeStep' | 'listSteps'> => ({
  takeStep: async (req, res) => {
    const principal = await identified(broker, req, res);
    const key = idempotencyKey(req);
    const asked = await stepRequests(req, limits.bodyBytes);
    const step = await broker.takeStep(principal, present({ task: taskOf(req), ...asked }), key);
    send(res, 201, renderStep(step));
  },

  listSteps: async (req, res) => {
    const principal = await identified(broker, req, res);
    const steps = await broker.listSteps(principal, taskOf(req));
    send(res, 200, { items: steps.map(renderStep) });
  },
});
