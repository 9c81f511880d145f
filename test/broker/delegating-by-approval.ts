import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import type { Approval } from '../../src/approval/approval.js';
import { decideApproval } from '../../src/broker/approvals.js';
import type { SubtaskRequest } from '../../src/broker/broker.js';
import { delegate } from '../../src/broker/delegate.js';
import type { Ports } from '../../src/broker/ports.js';
import { viewApproval } from '../../src/broker/show-approvals.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Decision, Policy, Question } from '../../src/policy/decision.js';
import type { Task } from '../../src/task/task.js';
import { ann } from '../fake/asking.js';
import { permitting } from '../fake/broker-ports.js';
import { subtaskOf } from '../fake/delegated.js';
import { a, b, delegating } from './delegating.js';

/** Asks a person about every delegation, and permits all else. */
export const asking =
  (over: Partial<Extract<Decision, { is: 'ask' }>> = {}) =>
  ({ approved, delegate: to }: Question): Decision =>
    approved || to === undefined
      ? permitting()
      : { is: 'ask', approvers: ['approver'], because: ['handed-on'], ...over };

const tools = new Map([
  ['s3.get', { kind: 'read', dataClass: 'restricted' }],
  ['draw', { kind: 'write', dataClass: '' }],
]);

export type AskingToDelegate = Awaited<ReturnType<typeof askingToDelegate>>;

/** Agents that delegate to each other where persons approve it; `a` has a task, and wants to delegate a part of it to `b`. */
export async function askingToDelegate() {
  const tree = await delegating();
  tree.decide = asking();
  const approvals = approvalLimits(approvalSettings.parse({}));
  const agents = new Map([[b.id, { owner: 'bert@example.com', purpose: 'draws charts' }]]);
  const policy = (): Policy => ({ ...tree.ports.policy(), tools, ...world.overPolicy });
  const ports: Ports = {
    ...tree.ports,
    policy,
    limits: { ...tree.ports.limits, approvals },
    inventory: { ...tree.ports.inventory, agents },
  };
  const parent = await tree.rooted();
  const wanted: SubtaskRequest = {
    ...{ parent: parent.id, agent: b.id, intent: 'draw them' },
    ...{ deadlineAt: parent.deadlineAt - 60_000 },
    scope: {
      allowed: [{ credential: 'reports', limits: { prefix: 'reports/2026/' } }],
      ...{ tools: ['draw'], environments: ['production'], maximumTtlSeconds: 600 },
    },
  };
  const world = {
    ...{ tree, parent, wanted, ports },
    /** What the settings say otherwise by now. */
    overPolicy: {} as Partial<Policy>,
    delegate: (over: Partial<SubtaskRequest> = {}, who: Principal = a, key?: string) =>
      delegate(world.ports, who, { ...wanted, ...over }, key),
    ask: async (over: Partial<SubtaskRequest> = {}, who: Principal = a, key?: string): Promise<Approval> => {
      const answer = await world.delegate(over, who, key);
      if ('approval' in answer) return answer.approval;
      throw new Error('nobody was asked');
    },
    decided: (id: string, who = ann) => decideApproval(world.ports, who, id, { is: 'approve' }),
    /** Id of an approval that was given. */
    approved: async (over: Partial<SubtaskRequest> = {}): Promise<string> => {
      const { id } = await world.ask(over);
      await world.decided(id);
      return id;
    },
    use: async (approval: string, over: Partial<SubtaskRequest> = {}, key?: string): Promise<Task> =>
      subtaskOf(await world.delegate({ ...over, approval }, a, key)),
    below: async () => (await tree.ledger.tasks.find(parent.id))!.subtasks ?? [],
    questions: async () => (await tree.ledger.approvals.list({ pageSize: 50 })).items,
    seen: async (approval: Approval) => (await viewApproval(world.ports, ann, approval))!,
  };
  return world;
}
