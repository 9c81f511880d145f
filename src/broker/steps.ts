import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { newStepId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import { decideForAll } from '../policy/decide-for-all.js';
import { mustBeDelegatedTool } from '../policy/narrow.js';
import type { Decision, Question } from '../policy/decision.js';
import { emptyChain, withStep } from '../task/chain.js';
import type { NewStep, Step } from '../task/step.js';
import type { Task } from '../task/task.js';
import { requireAgentOf, requireKind, visibleTask } from './authorize.js';
import type { StepRequest } from './broker.js';
import { addingToTheChain, chainBefore } from './chain.js';
import { recordOf, refusalCode, riskBehind, toolFactsOf } from './decide.js';
import { findTask, idempotencyOf } from './tasks.js';
import { requireStanding, seenAs } from './inventory.js';
import type { Ports } from './ports.js';

const stepsPerTask = 1000;

/**
 * Decides one tool call, and records it whatever the answer is. Only a permitted step becomes part of the chain. The
 * answer is a decision: what is denied is no fault of the call.
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
    const { step, event, permitted } = decideStep(ports, principal, task, request);
    const chain = task.chain ?? emptyChain;
    const after = permitted ? withStep(chain, step.tool, ports.policy().tools?.get(step.tool)) : undefined;
    if (permitted && !after) throw new Fault('task.steps', 'The task has used as many tools as it may use.');
    const most = ports.limits.stepsPerTask ?? stepsPerTask;
    const on = { on: chain.count, after, most };
    return ports.ledger.steps.record(step, event, on, seenAs(ports, principal), idempotency);
  });
}

function decideStep(ports: Ports, principal: Principal, task: Task, request: StepRequest) {
  const policy = ports.policy();
  const { tool, target, dataClass, reason } = request;
  const toolFacts = toolFactsOf(policy, tool);
  const question: Question = present({
    principal,
    task,
    tool,
    toolFacts,
    risk: riskBehind(ports, principal, task),
    asserted: present({ reason, dataClass }),
  });
  const decision = decideForAll(policy, question);
  const record = recordOf(decision, policy.digest, question);
  ports.meter.decided(record.is);
  const facts = present({ kind: toolFacts?.kind, dataClass: toolFacts?.dataClass || undefined });
  const fault = decision.is === 'permit' ? undefined : refusalCode(decision);
  const step: NewStep = present({
    id: newStepId(task.id),
    taskId: task.id,
    agent: task.agent,
    tool,
    ...facts,
    decision: decision.is,
    because: decision.because,
    fault,
    approvers: approversOf(decision),
    obligations: decision.is === 'permit' ? decision.obligations : undefined,
  });
  const event = present({
    type: 'step.decided' as const,
    task: task.id,
    agent: task.agent,
    issuer: principal.issuer,
    claims: principal.claims,
    step: step.id,
    intent: task.intent,
    tool,
    ...facts,
    asserted: present({ target, dataClass, reason }),
    chain: chainBefore(task) ?? emptyBefore,
    decided: record,
    fault,
  });
  return { step, event, permitted: decision.is === 'permit' };
}

const emptyBefore = { count: 0, tools: [], kinds: [], dataClasses: [] };

const approversOf = (decision: Decision) => (decision.is === 'ask' ? decision.approvers : undefined);

const latest = 100;

export async function listSteps(
  ports: Ports,
  principal: Principal,
  taskId: string,
): Promise<readonly Step[]> {
  await findTask(ports, principal, taskId);
  return ports.ledger.steps.list(taskId, latest);
}
