import { present } from '../kernel/present.js';
import type { Task } from '../task/task.js';
import type { DelegationApproval } from './approval.js';
import type { MeantByEntry } from './known.js';
import type { AllowedEntry } from '../task/scope.js';

/** What the broker knows of a delegation. Of names that the settings do not know an agent may have made up any. */
export interface VerifiedOfDelegation {
  /** Whether the inventory has the agent that it is for, and what it says of it; its name where it has. */
  readonly known: boolean;
  readonly delegate?: string;
  readonly owner?: string;
  readonly purpose?: string;
  /** How many delegations would lead to the sub-task, and of whom: who delegates first. */
  readonly depth: number;
  readonly actors: readonly string[];
  /** The most that it could hold. */
  readonly allowed: readonly (AllowedEntry & Omit<MeantByEntry, 'name'>)[];
  readonly tools?: readonly string[];
  readonly environments?: readonly string[];
  readonly maximumTtlSeconds?: number;
  /** How long it would last from when it is delegated, or until when. */
  readonly deadlineInSeconds?: number;
  readonly deadlineAt?: number;
}

export interface ClaimedOfDelegation {
  /** An agent, tools and environments that the settings do not know. */
  readonly delegate?: string;
  readonly tools?: readonly string[];
  readonly environments?: readonly string[];
  /** What the sub-task would be for. */
  readonly subtaskIntent?: string;
}

export function verifiedOfDelegation(
  { agent, request, known }: DelegationApproval,
  task: Pick<Task, 'actors'> | undefined,
): VerifiedOfDelegation {
  const { delegate, scope, deadlineInSeconds, deadlineAt } = request;
  const meant = new Map(known.entries.map(({ name, ...entry }) => [name, entry]));
  return present({
    known: known.delegate !== undefined,
    delegate: known.delegate && delegate,
    ...known.delegate,
    depth: known.depth,
    actors: [agent, ...(task?.actors ?? []).map(({ id }) => id)],
    allowed: scope.allowed.map((one) => ({ ...one, ...meant.get(one.credential)! })),
    tools: known.tools,
    environments: known.environments,
    maximumTtlSeconds: scope.maximumTtlSeconds,
    deadlineInSeconds,
    deadlineAt,
  });
}

export const claimedOfDelegation = ({ request, known }: DelegationApproval): ClaimedOfDelegation =>
  present({
    delegate: known.delegate ? undefined : request.delegate,
    tools: unknownOf(request.scope.tools, known.tools),
    environments: unknownOf(request.scope.environments, known.environments),
    subtaskIntent: request.intent,
  });

/** Those that the settings do not know; undefined for none. */
function unknownOf(names: readonly string[] = [], known: readonly string[] = []) {
  const unknown = names.filter((name) => !known.includes(name));
  return unknown.length > 0 ? unknown : undefined;
}
