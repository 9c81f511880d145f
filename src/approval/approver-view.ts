import { present } from '../kernel/present.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { ToolChain } from '../task/chain.js';
import type { Task } from '../task/task.js';
import { isOfDelegation, isOfStep } from './approval.js';
import type { Approval, StepApproval } from './approval.js';
import { claimedOfDelegation, verifiedOfDelegation } from './delegation-view.js';
import type { ClaimedOfDelegation, VerifiedOfDelegation } from './delegation-view.js';

/** What the broker knows, and what is only said: an approver decides on the first, and reads the second as what it is. */
export interface ApproverView {
  readonly verified: {
    readonly agent: {
      readonly id: string;
      readonly issuer: string;
      readonly claims: Approval['known']['claims'];
      readonly owner?: string;
      readonly purpose?: string;
    };
    readonly task?: {
      readonly id: string;
      readonly openedBy: string;
      readonly state: Task['state'];
      readonly openedAt: number;
      readonly deadlineAt: number;
      readonly tools?: readonly string[];
      /** Whose delegation led to it: who delegated it first. */
      readonly actors?: readonly string[];
      /** The steps of its tree that were permitted so far; kinds and classes are what the settings say of their tools. */
      readonly chain?: Pick<ToolChain, 'count' | 'tools' | 'kinds' | 'dataClasses'>;
      /** Where none of these agents opened the task, whoever did vouches for these; for the intent only of a root. */
      readonly intent?: string;
      readonly labels?: Task['labels'];
      readonly onBehalfOf?: string;
    };
    /** Of a credential. */
    readonly entry?: {
      readonly description?: string;
      readonly provider: string;
      readonly sensitivity: string;
      readonly environment: string;
      readonly riskTier: number;
      readonly maximumTtlSeconds?: number;
    };
    readonly grantableSeconds?: number;
    /** Of a step: what the settings say of the tool; nothing where they do not know it. */
    readonly tool?: { readonly name?: string; readonly kind?: string; readonly dataClass?: string };
    /** Absent where the task declared no tools, and of a delegation. */
    readonly toolDeclared?: boolean;
    readonly delegation?: VerifiedOfDelegation;
    readonly policies: readonly string[];
    /** How often the agent had this entry, was permitted this tool, or delegated to this agent, before. */
    readonly pastUse: { readonly times: number; readonly lastAt?: number };
    readonly before?: {
      readonly approval: string;
      readonly state: Approval['state'];
      readonly requestedAt: number;
      readonly differences: readonly Difference[];
    };
  };
  readonly claimed: {
    readonly intent?: string;
    readonly labels?: Task['labels'];
    readonly onBehalfOf?: string;
    readonly tool?: string;
    readonly target?: string;
    readonly dataClass?: string;
    readonly reason?: string;
    readonly ticket?: string;
    /** What it says otherwise than before. */
    readonly differences?: readonly Difference[];
  } & ClaimedOfDelegation;
}

interface Difference {
  readonly what: string;
  readonly was: string;
  readonly is: string;
}

export interface ViewSources {
  readonly approval: Approval;
  readonly task: Task | undefined;
  readonly entry: CatalogEntry | undefined;
  readonly agent: { readonly owner?: string | undefined; readonly purpose?: string | undefined } | undefined;
  readonly pastUse: ApproverView['verified']['pastUse'];
  /** The latest that the same agent asked for the same entry or tool, or of delegating to the same agent, before, if any. */
  readonly before: Approval | undefined;
}

const shownOf = ({ count, tools, kinds, dataClasses }: ToolChain) => ({ count, tools, kinds, dataClasses });

/**
 * APR-04. What an agent says never stands among the facts: of a task that it opened itself, or one above it did, labels
 * and whom it serves are an agent's own words, and the intent of a sub-task is always that of whoever delegated it.
 */
export function approverView({ approval, task, entry, agent, pastUse, before }: ViewSources): ApproverView {
  const { known, demand } = approval;
  const { vouchedFor, agentsWords } = wordsOf(task);
  const actors = task?.actors?.map(({ id }) => id);
  const differences = before ? differencesOf(before, approval) : [];
  const saidOtherwise = differences.filter(({ what }) => agentsOwn.has(what));
  return {
    verified: {
      agent: {
        id: approval.agent,
        issuer: known.issuer,
        claims: known.claims,
        ...present({ owner: agent?.owner, purpose: agent?.purpose }),
      },
      ...(task && {
        task: {
          id: task.id,
          openedBy: task.openedBy,
          state: task.state,
          openedAt: task.openedAt,
          deadlineAt: task.deadlineAt,
          ...(task.tools && { tools: task.tools }),
          ...(actors && { actors }),
          ...(task.chain && { chain: shownOf(task.chain) }),
          ...vouchedFor,
        },
      }),
      ...subjectOf(approval, task, entry),
      ...(task?.tools && 'toolDeclared' in known && { toolDeclared: known.toolDeclared }),
      policies: demand.because,
      pastUse,
      ...(before && {
        before: {
          approval: before.id,
          state: before.state,
          requestedAt: before.requestedAt,
          differences: differences.filter(({ what }) => !agentsOwn.has(what)),
        },
      }),
    },
    claimed: {
      ...agentsWords,
      ...wordsOfRequest(approval),
      ...(saidOtherwise.length > 0 && { differences: saidOtherwise }),
    },
  };
}

/** What it is about, as far as the broker knows it by itself. */
function subjectOf(approval: Approval, task: Task | undefined, entry: CatalogEntry | undefined) {
  if (isOfDelegation(approval)) return { delegation: verifiedOfDelegation(approval, task) };
  if (isOfStep(approval)) {
    const { kind, dataClass } = approval.known;
    return {
      tool: present({ name: isKnownTool(approval) ? approval.request.tool : undefined, kind, dataClass }),
    };
  }
  const { provider, sensitivity, environment, riskTier, grantableSeconds } = approval.known;
  return {
    entry: {
      ...(entry && { description: entry.description, maximumTtlSeconds: entry.maximumTtlSeconds }),
      ...{ provider, sensitivity, environment, riskTier },
    },
    grantableSeconds,
  };
}

/** A tool that the settings do not know is called what the agent likes. */
const isKnownTool = ({ known }: StepApproval): boolean => known.kind !== undefined;

function wordsOfRequest(approval: Approval): ApproverView['claimed'] {
  if (isOfDelegation(approval)) return claimedOfDelegation(approval);
  if (isOfStep(approval)) {
    const { tool, target, dataClass, reason } = approval.request;
    return present({ tool: isKnownTool(approval) ? undefined : tool, target, dataClass, reason });
  }
  const { tool, reason, ticket } = approval.request;
  return present({ tool, reason, ticket });
}

type Words = Partial<Pick<Task, 'intent' | 'labels' | 'onBehalfOf'>>;

/** Who vouches for what is said of a task: whoever opened the root, where that is none of its agents; or nobody. */
function wordsOf(task: Task | undefined): { vouchedFor: Words; agentsWords: Words } {
  if (!task) return { vouchedFor: {}, agentsWords: {} };
  const { intent, agent, openedBy, actors = [] } = task;
  const ofRoot = present({ labels: task.labels, onBehalfOf: task.onBehalfOf });
  if ([agent, ...actors.map(({ id }) => id)].includes(openedBy))
    return { vouchedFor: {}, agentsWords: { intent, ...ofRoot } };
  if (task.parent !== undefined) return { vouchedFor: ofRoot, agentsWords: { intent } };
  return { vouchedFor: { intent, ...ofRoot }, agentsWords: {} };
}

/** Of a request: what the agent says or names as it likes. */
const agentsOwn: ReadonlySet<string> = new Set([
  ...['tool', 'target', 'dataClass', 'reason', 'ticket'],
  ...['subtaskIntent', 'tools', 'environments'],
]);

/** What has changed since the same agent last asked for the same: where the attention belongs. */
function differencesOf(before: Approval, now: Approval): Difference[] {
  const [was, is] = [flat(before), flat(now)];
  const spelled = (value: unknown): string =>
    value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((what) => spelled(was[what]) !== spelled(is[what]))
    .map((what) => ({ what, was: spelled(was[what]), is: spelled(is[what]) }));
}

function flat({ request, task }: Approval): Record<string, unknown> {
  const none = { parameters: undefined, scope: undefined, intent: undefined };
  const { parameters = {}, scope = {}, intent: subtaskIntent, ...rest } = { ...none, ...request };
  const spread = Object.entries(parameters).map(([name, value]) => [`parameters.${name}`, value] as const);
  return { ...Object.fromEntries(spread), ...scope, ...rest, subtaskIntent, task };
}
