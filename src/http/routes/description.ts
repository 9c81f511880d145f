import { Fault, faults } from '../../kernel/fault.js';
import type { FaultCode } from '../../kernel/fault.js';
import { openapi } from '../../wire/openapi.js';
import { pathParameter } from '../route.js';
import type { Routes } from '../route.js';
import { send, sendText } from '../send.js';

export function descriptionRoutes(version: string): Routes<'openapi' | 'explainProblem'> {
  const description = JSON.stringify(openapi(version));
  return {
    openapi: (_req, res) => {
      sendText(res, 200, description, 'application/json');
    },

    explainProblem: (req, res) => {
      const code = pathParameter(req, 'code');
      if (!Object.hasOwn(faults, code))
        throw new Fault('route.unknown', 'There is no problem type of this code.');
      const { title, status, retry, remedy } = faults[code as FaultCode];
      send(res, 200, { type: `/problems/${code}`, code, title, status, retry, remedy });
    },
  };
}
