import type { Request, Response } from 'express';
import { Fault } from '../../kernel/fault.js';
import { evaluationRequest, evaluationsRequest } from '../../wire/authzen.js';
import type { Evaluation } from '../../broker/broker.js';
import { readJson } from '../body.js';
import { parse } from '../parse.js';
import { present } from '../../kernel/present.js';
import { renderObligations } from '../render-obligations.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';

const requestIdPattern = /^[\x21-\x7e]{1,128}$/;

export const authzenRoutes = ({
  broker,
  limits,
  publicUrl,
}: RoutePorts): Routes<'evaluateAccess' | 'evaluateAccesses' | 'authzenConfiguration'> => ({
  evaluateAccess: async (req, res) => {
    echoRequestId(req, res);
    const principal = await identified(broker, req, res);
    const asked = parse(evaluationRequest, await bodyOf(req, limits.bodyBytes));
    send(res, 200, render(await broker.evaluate(principal, present(asked))));
  },

  evaluateAccesses: async (req, res) => {
    echoRequestId(req, res);
    const principal = await identified(broker, req, res);
    const {
      evaluations = [],
      options,
      ...shared
    } = parse(evaluationsRequest, await bodyOf(req, limits.bodyBytes));
    if (evaluations.length === 0) {
      const asked = parse(evaluationRequest, shared);
      send(res, 200, render(await broker.evaluate(principal, present(asked))));
      return;
    }
    const answers: Evaluation[] = [];
    for (const one of evaluations) {
      const asked = evaluationRequest.safeParse({ ...shared, ...one });
      const answer = asked.success ? await broker.evaluate(principal, present(asked.data)) : incomplete;
      answers.push(answer);
      if (!answer.decision && options?.evaluations_semantic === 'deny_on_first_deny') break;
      if (answer.decision && options?.evaluations_semantic === 'permit_on_first_permit') break;
    }
    send(res, 200, { evaluations: answers.map(render) });
  },

  authzenConfiguration: (req, res) => {
    const base = publicUrl?.replace(/\/+$/, '') ?? listeningAt(req);
    send(res, 200, {
      policy_decision_point: base,
      access_evaluation_endpoint: `${base}/access/v1/evaluation`,
      access_evaluations_endpoint: `${base}/access/v1/evaluations`,
      supported_obligations: ['custom'],
    });
  },
});

/** One that lacks a part fails alone: the answers stand in the order of the questions (AuthZEN 1.0 section 7). */
const incomplete: Evaluation = { decision: false, reason: 'request.malformed', because: [] };

/** What a caller says of the host is not repeated: who trusts this document would ask wherever it names. */
function listeningAt({ socket: { localAddress = '', localPort } }: Request): string {
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return `http://${host}:${localPort}`;
}

/** AuthZEN 1.0 section 10.1: a body of another media type is a bad request like any other. */
async function bodyOf(req: Request, bytes: number): Promise<unknown> {
  try {
    return await readJson(req, bytes);
  } catch (error) {
    if (error instanceof Fault && error.code === 'request.media_type')
      throw new Fault('request.malformed', 'The body is not of the media type application/json.');
    throw error;
  }
}

function echoRequestId(req: Request, res: Response): void {
  const id = req.headers['x-request-id'];
  if (typeof id === 'string' && requestIdPattern.test(id)) res.setHeader('X-Request-Id', id);
}

const render = ({ decision, id, reason, because, obligations }: Evaluation) => ({
  decision,
  context: present({
    evaluation_id: id,
    reason,
    policies: [...because],
    obligations: renderObligations(obligations),
  }),
});
