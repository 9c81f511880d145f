import type { Approval } from '../approval/approval.js';
import type { Principal } from '../identity/principal.js';
import type { Fault } from '../kernel/fault.js';
import { newStepId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { Decision, Question } from '../policy/decision.js';
import type { NewStep } from '../task/step.js';
import type { Task } from '../task/task.js';
import type { StepRequest } from './broker.js';
import { chainBefore } from './chain.js';
import { decideByApproval } from './decide-by-approval.js';
import type { ByApproval } from './decide-by-approval.js';
import { refusalCode, riskBehind, toolFactsOf } from './decide.js';
import type { Ports } from './ports.js';

export interface DecidedStep extends ByApproval {
  readonly question: Question & { readonly tool: string };
}

/** By what a person has approved, where that is `approval`. */
export function decideStep(
  ports: Ports,
  principal: Principal,
  task: Task,
  { tool, dataClass, reason }: StepRequest,
  approval: Approval | undefined,
): DecidedStep {
  const question = present({
    principal,
    task,
    tool,
    toolFacts: toolFactsOf(ports.policy(), tool),
    risk: riskBehind(ports, principal, task),
    approved: approval && (true as const),
    asserted: present({ reason, dataClass }),
  });
  return { question, ...decideByApproval(ports, question, approval) };
}

/** The step as it is kept, and as it is told. */
export function recordStep(
  { question, decision, record }: DecidedStep,
  { target, dataClass, reason }: StepRequest,
  asked: { readonly approval?: string | undefined; readonly fault?: Fault },
) {
  const { principal, task, tool, toolFacts } = question;
  const facts = present({ kind: toolFacts?.kind, dataClass: toolFacts?.dataClass || undefined });
  const fault = decision.is === 'permit' ? undefined : (asked.fault?.code ?? refusalCode(decision));
  const { approval } = asked;
  const step: NewStep = present({
    id: newStepId(task.id),
    taskId: task.id,
    agent: task.agent,
    tool,
    ...facts,
    decision: decision.is,
    because: decision.because,
    fault,
    detail: asked.fault?.message,
    approvers: approversOf(decision),
    approval,
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
    approval,
  });
  return { step, event };
}

const emptyBefore = { count: 0, tools: [], kinds: [], dataClasses: [] };

const approversOf = (decision: Decision) => (decision.is === 'ask' ? decision.approvers : undefined);
