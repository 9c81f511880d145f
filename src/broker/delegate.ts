import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { newTaskId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { AskedBefore, DelegationConditions } from '../ledger/delegation-ledger.js';
import type { Idempotency } from '../ledger/ledger.js';
import type { NewTask, Task } from '../task/task.js';
import { findApproval } from './approvals.js';
import { approvedDelegationFor } from './approved.js';
import { aboutDelegation, askAboutDelegation } from './ask-about-delegation.js';
import { visibleTask } from './authorize.js';
import type { AwaitingApproval, SubtaskRequest } from './broker.js';
import { onTheChainAsItIs } from './chain.js';
import { decideDelegation, endOf } from './decide-delegation.js';
import type { DecidedDelegation } from './decide-delegation.js';
import { delegationOf } from './delegation.js';
import type { Delegation } from './delegation.js';
import { seenAs } from './inventory.js';
import type { Ports } from './ports.js';
import { recordDelegationRefusal } from './record-refusal.js';
import { idempotencyOf } from './tasks.js';

const defaults = { fanOut: 16, tree: 100 };

/**
 * A narrower task for another agent, which has to prove its own identity to use it. What it may do is fixed here, no
 * wider than what this task may do, and it ends with this task at the latest. Where policy wants a person to look, one is
 * asked, and the same is delegated by what was approved.
 */
export async function delegate(
  ports: Ports,
  principal: Principal,
  request: SubtaskRequest,
  idempotencyKey?: string,
): Promise<Task | AwaitingApproval> {
  let parent: Task | undefined;
  try {
    const same = request.deadlineInSeconds === undefined ? request : { ...request, deadlineAt: undefined };
    const idempotency = idempotencyOf(principal, { delegate: same }, idempotencyKey);
    return await onTheChainAsItIs(async () => {
      parent = visibleTask(principal, await ports.ledger.tasks.find(request.parent));
      const delegation = await delegationOf(ports, principal, parent, request);
      const answer = await delegatedOrAsked(ports, delegation, idempotency);
      return 'id' in answer ? answer : { approval: await findApproval(ports, principal, answer.approval) };
    });
  } catch (error) {
    await recordDelegationRefusal(ports, principal, request, parent, error);
    throw error;
  }
}

async function delegatedOrAsked(
  ports: Ports,
  delegation: Delegation,
  idempotency: Idempotency | undefined,
): Promise<Task | AskedBefore> {
  const { principal, parent, request } = delegation;
  const conditions = conditionsOf(ports, delegation);
  const answeredBefore = () => {
    const task = { ...delegation, agent: request.agent, parent: parent.id, deadlineAt: request.deadlineAt };
    return ports.ledger.delegations.look(task, conditions, seenAs(ports, principal), idempotency);
  };
  let before = request.approval === undefined ? undefined : await answeredBefore();
  if (before) return before;
  const about = aboutDelegation(ports, delegation);
  const approved = request.approval
    ? await approvedDelegationFor(ports, principal, request.approval, about.digest)
    : undefined;
  const decided = decideDelegation(ports, delegation, approved?.approval);
  const { decision } = decided;
  if (decision.is !== 'permit' && request.approval === undefined) {
    // Nobody is asked about what would be refused whatever they say; a key is answered as it was, whatever policy says by now.
    before = decision.is === 'ask' || idempotency ? await answeredBefore() : undefined;
    if (before) return before;
    if (decision.is === 'ask')
      return { approval: (await askAboutDelegation(ports, decided, decision, about, idempotency)).id };
  }
  const approval = approved && { ...approved, on: parent.chain?.count ?? 0 };
  return opened(ports, delegation, decided, { ...conditions, approval }, idempotency);
}

function conditionsOf(ports: Ports, { parent }: Delegation): DelegationConditions {
  const { fanOut = defaults.fanOut, tree = defaults.tree } = ports.limits.delegation ?? {};
  return { root: parent.root ?? parent.id, fanOut, tree, mustHold: ports.guard?.mustHold() };
}

async function opened(
  ports: Ports,
  delegation: Delegation,
  decided: DecidedDelegation,
  conditions: DelegationConditions,
  idempotency: Idempotency | undefined,
): Promise<Task | AskedBefore> {
  const deadlineAt = endOf(decided, delegation);
  const asking = seenAs(ports, delegation.principal);
  for (let attempt = 0; attempt < 5; attempt++) {
    const task = newSubtask(delegation, deadlineAt);
    const { delegations } = ports.ledger;
    const answer = await delegations.open(task, decided.record, conditions, asking, idempotency);
    if (answer) return answer;
  }
  throw new Fault('internal', 'No free task id was found.');
}

/** Labels, and who opened the tree and for whom, are those of the root: a delegation is nobody's word for another. */
const newSubtask = (
  { parent, request: { intent, agent }, actors, scope }: Delegation,
  deadlineAt: number,
): NewTask =>
  present({
    id: newTaskId(),
    intent,
    agent,
    openedBy: parent.openedBy,
    onBehalfOf: parent.onBehalfOf,
    labels: parent.labels,
    tools: scope.tools,
    deadlineAt,
    parent: parent.id,
    root: parent.root ?? parent.id,
    actors,
    scope,
  });
