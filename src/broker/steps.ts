import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Idempotency } from '../ledger/ledger.js';
import { mustBeDelegatedTool } from '../policy/narrow.js';
import { emptyChain, withStep } from '../task/chain.js';
import type { Step } from '../task/step.js';
import type { Task } from '../task/task.js';
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
import { recordStepRefusal } from './record-refusal.js';

const stepsPerTask = 1000;

/**
 * Decides one tool call, and records it whatever the answer is. Only a permitted step becomes part of the chain. The
 * answer is a decision: what is denied is no fault of the call; what could not be decided is, and is told as well. Where
 * policy wants a person to look, one is asked, and the same call is announced again by what was approved.
 */
export async function takeStep(
  ports: Ports,
  principal: Principal,
  request: StepRequest,
  idempotencyKey?: string,
): Promise<Step> {
  let task: Task | undefined;
  try {
    requireKind(principal, 'agent');
    ports.guard?.admit();
    ports.admission.admit();
    const idempotency = idempotencyOf(principal, { step: request }, idempotencyKey);
    return await addingToTheChain(ports.ledger.steps, async () => {
      task = visibleTask(principal, await ports.ledger.tasks.recall(request.task));
      requireAgentOf(principal, task);
      if (task.state !== 'open')
        throw new Fault('task.ended', 'The task has ended; it has no further steps.');
      requireStanding(ports, task);
      if (task.scope) mustBeDelegatedTool(task.scope, request.tool);
      return announced(ports, principal, task, request, idempotency);
    });
  } catch (error) {
    await recordStepRefusal(ports, principal, request, task, error);
    throw error;
  }
}

async function announced(
  ports: Ports,
  principal: Principal,
  task: Task,
  request: StepRequest,
  idempotency: Idempotency | undefined,
): Promise<Step> {
  const { steps } = ports.ledger;
  const { chain = emptyChain } = task;
  const seen = seenAs(ports, principal);
  const conditions = {
    on: chain.count,
    most: ports.limits.stepsPerTask ?? stepsPerTask,
    mustHold: ports.guard?.mustHold(),
  };
  const answeredBefore = () =>
    steps.look({ taskId: task.id, agent: task.agent }, conditions, seen, idempotency);

  let before = request.approval === undefined ? undefined : await answeredBefore();
  if (before) return before;
  const approved = request.approval && (await approvedStepFor(ports, principal, task, request));
  const decided = decideStep(ports, principal, task, request, approved ? approved.approval : undefined);
  const { is } = decided.decision;
  // Nobody is asked about what would be refused whatever they say.
  before = is === 'ask' ? await answeredBefore() : undefined;
  if (before) return before;
  const asked = await askedFor(ports, request, decided);
  const { step, event } = recordStep(decided, request, { approval: request.approval, ...asked });
  if (is !== 'permit') return steps.record(step, event, conditions, seen, idempotency);
  const after = withStep(chain, step.tool, decided.question.toolFacts);
  if (!after) throw new Fault('task.steps', 'The task has used as many tools as it may use.');
  const permitted = { ...conditions, after, approval: approved || undefined };
  return steps.record(step, event, permitted, seen, idempotency);
}

/** The question that a person is asked, where policy wants one to be; or why nobody is. */
async function askedFor(
  ports: Ports,
  request: StepRequest,
  { question, decision, record }: DecidedStep,
): Promise<{ readonly approval?: string; readonly fault?: Fault }> {
  if (decision.is !== 'ask') return {};
  try {
    const { id } = await askAboutStep(ports, request, { ask: question, decision }, record);
    return { approval: id };
  } catch (error) {
    const notAsked = error instanceof Fault && ['approval.denied', 'approval.limit'].includes(error.code);
    if (!notAsked) throw error;
    return { fault: error };
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
