import type { Principal } from '../identity/principal.js';
import { Fault, faultCode } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import { mustBeDelegatedTool } from '../policy/narrow.js';
import { emptyChain, withStep } from '../task/chain.js';
import type { Step } from '../task/step.js';
import { approvedStepFor } from './approved.js';
import { askAboutStep } from './ask-about-step.js';
import { requireAgentOf, requireKind, visibleTask } from './authorize.js';
import type { StepRequest } from './broker.js';
import { addingToTheChain } from './chain.js';
import { decideStep, recordStep } from './decide-step.js';
import type { DecidedStep } from './decide-step.js';
import { findTask, idempotencyOf } from './tasks.js';
import { requireStanding, seenAs } from './inventory.js';
import type { Ports } from './ports.js';

const stepsPerTask = 1000;

/**
 * Decides one tool call, and records it whatever the answer is. Only a permitted step becomes part of the chain. The
 * answer is a decision: what is denied is no fault of the call. Where policy wants a person to look, one is asked; the same
 * call is announced again by what was approved.
 */
export async function takeStep(
  ports: Ports,
  principal: Principal,
  request: StepRequest,
  idempotencyKey?: string,
): Promise<Step> {
  requireKind(principal, 'agent');
  ports.guard?.admit();
  ports.admission.admit();
  const idempotency = idempotencyOf(principal, { step: request }, idempotencyKey);
  return addingToTheChain(ports.ledger.steps, async () => {
    const task = visibleTask(principal, await ports.ledger.tasks.recall(request.task));
    requireAgentOf(principal, task);
    if (task.state !== 'open') throw new Fault('task.ended', 'The task has ended; it has no further steps.');
    requireStanding(ports, task);
    if (task.scope) mustBeDelegatedTool(task.scope, request.tool);
    const approved =
      request.approval === undefined ? undefined : await approvedStepFor(ports, principal, request);
    const decided = decideStep(ports, principal, task, request, approved?.approval);
    const asked = await askedFor(ports, request, decided);
    const { decision } = decided;
    const { step, event } = recordStep(decided, request, { approval: approved?.id, ...asked });
    const chain = task.chain ?? emptyChain;
    const permitted = decision.is === 'permit';
    const after = permitted ? withStep(chain, step.tool, decided.question.toolFacts) : undefined;
    if (permitted && !after) throw new Fault('task.steps', 'The task has used as many tools as it may use.');
    const most = ports.limits.stepsPerTask ?? stepsPerTask;
    const conditions = { on: chain.count, after, most, approval: permitted ? approved : undefined };
    return ports.ledger.steps.record(step, event, conditions, seenAs(ports, principal), idempotency);
  });
}

/** The question that a person is asked, where policy wants one to be; or the code for why nobody is. */
async function askedFor(
  ports: Ports,
  request: StepRequest,
  { question, decision, record }: DecidedStep,
): Promise<{ readonly approval?: string; readonly fault?: FaultCode }> {
  if (decision.is !== 'ask') return {};
  try {
    const { id } = await askAboutStep(ports, request, { ask: question, decision }, record);
    return { approval: id };
  } catch (error) {
    const code = faultCode(error);
    if (code !== 'approval.denied' && code !== 'approval.limit') throw error;
    return { fault: code };
  }
}

const latest = 100;

export async function listSteps(
  ports: Ports,
  principal: Principal,
  taskId: string,
): Promise<readonly Step[]> {
  await findTask(ports, principal, taskId);
  return ports.ledger.steps.list(taskId, latest);
}
