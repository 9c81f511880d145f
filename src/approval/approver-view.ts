import { present } from '../kernel/present.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { ToolChain } from '../task/chain.js';
import type { Task } from '../task/task.js';
import type { Approval } from './approval.js';

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
      /** The steps that it was permitted so far; kinds and classes are what the settings say of their tools. */
      readonly chain?: Pick<ToolChain, 'count' | 'tools' | 'kinds' | 'dataClasses'>;
      /** Where somebody else opened the task for the agent, and so vouches for these. */
      readonly intent?: string;
      readonly labels?: Task['labels'];
      readonly onBehalfOf?: string;
    };
    readonly entry: {
      readonly description?: string;
      readonly provider: string;
      readonly sensitivity: string;
      readonly environment: string;
      readonly riskTier: number;
      readonly maximumTtlSeconds?: number;
    };
    readonly grantableSeconds: number;
    readonly toolDeclared: boolean;
    readonly policies: readonly string[];
    readonly pastUse: { readonly leases: number; readonly lastAt?: number };
    readonly before?: {
      readonly approval: string;
      readonly state: Approval['state'];
      readonly requestedAt: number;
      readonly differences: readonly { readonly what: string; readonly was: string; readonly is: string }[];
    };
  };
  readonly claimed: {
    readonly intent?: string;
    readonly labels?: Task['labels'];
    readonly onBehalfOf?: string;
    readonly tool?: string;
    readonly reason?: string;
    readonly ticket?: string;
  };
}

export interface ViewSources {
  readonly approval: Approval;
  readonly task: Task | undefined;
  readonly entry: CatalogEntry | undefined;
  readonly agent: { readonly owner?: string | undefined; readonly purpose?: string | undefined } | undefined;
  readonly pastUse: ApproverView['verified']['pastUse'];
  /** The latest that the same agent asked for the same entry before, if any. */
  readonly before: Approval | undefined;
}

const shownOf = ({ count, tools, kinds, dataClasses }: ToolChain) => ({ count, tools, kinds, dataClasses });

/**
 * APR-04. What the agent says of itself never stands among the facts: of a task that it opened itself, intent, labels
 * and whom it serves are its own words.
 */
export function approverView({ approval, task, entry, agent, pastUse, before }: ViewSources): ApproverView {
  const { request, known, demand } = approval;
  const ownWords = task && {
    intent: task.intent,
    labels: task.labels,
    ...(task.onBehalfOf !== undefined && { onBehalfOf: task.onBehalfOf }),
  };
  const isVouchedFor = task !== undefined && task.openedBy !== task.agent;
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
          ...(task.chain && { chain: shownOf(task.chain) }),
          ...(isVouchedFor && ownWords),
        },
      }),
      entry: {
        ...(entry && { description: entry.description, maximumTtlSeconds: entry.maximumTtlSeconds }),
        provider: known.provider,
        sensitivity: known.sensitivity,
        environment: known.environment,
        riskTier: known.riskTier,
      },
      grantableSeconds: known.grantableSeconds,
      toolDeclared: known.toolDeclared,
      policies: demand.because,
      pastUse,
      ...(before && {
        before: {
          approval: before.id,
          state: before.state,
          requestedAt: before.requestedAt,
          differences: differencesOf(before, approval),
        },
      }),
    },
    claimed: {
      ...(!isVouchedFor && ownWords),
      ...(request.tool !== undefined && { tool: request.tool }),
      ...(request.reason !== undefined && { reason: request.reason }),
      ...(request.ticket !== undefined && { ticket: request.ticket }),
    },
  };
}

/** What has changed since the same agent last asked for the same: where the attention belongs. */
function differencesOf(before: Approval, now: Approval) {
  const [was, is] = [flat(before), flat(now)];
  const spelled = (value: unknown): string =>
    value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((what) => spelled(was[what]) !== spelled(is[what]))
    .map((what) => ({ what, was: spelled(was[what]), is: spelled(is[what]) }));
}

const flat = ({ request: { parameters, ...rest }, task }: Approval): Record<string, unknown> => ({
  ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`parameters.${name}`, value])),
  ...rest,
  task,
});
