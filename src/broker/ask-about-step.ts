import type { Approval } from '../approval/approval.js';
import type { KnownOfTool } from '../approval/known.js';
import type { Decided } from '../audit/event.js';
import { present } from '../kernel/present.js';
import type { Question } from '../policy/decision.js';
import { askedStep, digestOfStep } from './approval-request.js';
import type { StepRequest } from './broker.js';
import { isDeclared, openQuestion } from './open-question.js';
import type { Asking } from './open-question.js';
import type { Ports } from './ports.js';

/**
 * Asks a person whether a tool may be called, or finds the same question open or answered.
 * @throws Fault approval.denied, approval.limit, task.ended
 */
export async function askAboutStep(
  ports: Ports,
  request: StepRequest,
  asking: Asking,
  decided: Decided,
): Promise<Approval> {
  const { principal, task, toolFacts } = asking.ask;
  const asked = askedStep(request);
  const about = {
    task: task.id,
    digest: digestOfStep(principal, task, request, toolFacts),
    request: asked,
    known: knownOf(asking.ask),
  };
  return openQuestion(ports, asking, decided, about, asked);
}

const knownOf = ({ principal, task, tool, toolFacts }: Question): KnownOfTool => ({
  issuer: principal.issuer,
  claims: principal.claims,
  toolDeclared: isDeclared(task, tool),
  ...present({ kind: toolFacts?.kind, dataClass: toolFacts?.dataClass || undefined }),
});
