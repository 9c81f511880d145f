import { taskIdOf } from '../kernel/id.js';
import type { RiskLevel } from '../kernel/risk-levels.js';
import type { ApprovalEvent } from './approval-event.js';
import type { DelegationEvent } from './delegation-event.js';
import type { LeaseEvent } from './lease-event.js';
import type { OperatorEvent } from './operator-event.js';
import type { ParameterValues } from '../policy/catalog.js';
import type { PolicyChanges } from '../policy/policy-changes.js';
import type { TaskOutcome } from '../task/task.js';

export interface OfTask {
  readonly task: string;
  readonly agent: string;
}

export interface OfLease extends OfTask {
  readonly lease: string;
}

/** What was asked, as far as it was understood; text of the agent is data and is never interpreted. */
export interface AskedFor {
  readonly entry: string;
  readonly parameters: ParameterValues;
  readonly ttlSeconds: number;
  /** Thumbprint of the key that its secret is encrypted to. */
  readonly encryptedTo?: string;
  readonly tool?: string;
  readonly step?: string;
  readonly reason?: string;
}

/** The tool chain that was decided on. */
export interface ChainBefore {
  readonly count: number;
  readonly tools: readonly string[];
  readonly kinds: readonly string[];
  readonly dataClasses: readonly string[];
}

/** What was proven of whoever asked. */
export interface Proven {
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string | number | boolean>>;
}

/** How policy answered, with what decided and under which bundle. */
export interface Decided {
  readonly evaluation: string;
  readonly is: 'permit' | 'ask' | 'deny' | 'error';
  readonly because: readonly string[];
  readonly errors?: readonly string[];
  readonly policyDigest: string;
  /** What was to be feared of the agent, or of anyone above its task, by then; absent for nothing. */
  readonly risk?: RiskLevel;
  /** What the permit came with. */
  readonly obligations?: readonly { readonly policy: string; readonly duty: string }[];
}

/** Which call it was told for, where it was one: what the log of the API and of whoever called have it by. */
export interface Caused {
  readonly request?: string;
  /** W3C Trace Context. */
  readonly traceparent?: string;
  /** Where it could not be told when it happened: ms since the epoch, on the store's clock. */
  readonly happenedAt?: number;
}

/** Every fact worth telling. One type per fact; no field ever holds a secret or a token. */
export type AuditEvent =
  | (OfTask & {
      readonly type: 'task.opened';
      readonly by: string;
      readonly intent: string;
      readonly onBehalfOf?: string;
      readonly run?: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly tools?: readonly string[];
      readonly deadlineAt: number;
    })
  | ApprovalEvent
  | (OfTask & {
      readonly type: 'task.ended';
      readonly by: string;
      readonly via: string;
      readonly reason?: string;
      readonly outcome: TaskOutcome;
    })
  | DelegationEvent
  | (OfTask &
      Proven & {
        readonly type: 'step.decided';
        readonly step: string;
        readonly intent: string;
        readonly tool: string;
        /** What the settings say of the tool. */
        readonly kind?: string;
        readonly dataClass?: string;
        /** The agent's own words: what it says the call is for, at what, and of which class. */
        readonly asserted: Readonly<Record<string, string>>;
        readonly chain: ChainBefore;
        readonly decided: Decided;
        readonly fault?: string;
        /** The approval that is asked for it, or that it was permitted by. */
        readonly approval?: string;
      })
  | (OfTask &
      Proven & {
        /** A tool call that could not be decided. `task` is what the caller named. */
        readonly type: 'step.refused';
        readonly intent?: string;
        readonly tool: string;
        readonly asserted: Readonly<Record<string, string>>;
        readonly approval?: string;
        readonly fault: string;
      })
  | {
      readonly type: 'credential.refused';
      readonly task: string;
      readonly agent: string;
      readonly fault: string;
      readonly intent?: string;
      readonly onBehalfOf?: string;
      readonly issuer: string;
      readonly claims: Readonly<Record<string, string | number | boolean>>;
      readonly asked: Partial<AskedFor>;
      readonly decided?: Decided;
      readonly reason?: string;
    }
  | LeaseEvent
  | {
      /** It stood at the provider, and the ledger did not know of its lease, or knew it to be over. */
      readonly type: 'orphan.revoked';
      readonly lease: string;
      readonly task: string;
      readonly provider: string;
      readonly stand: 'over' | 'quarantined' | 'unknown';
      readonly madeAt: number;
    }
  | OperatorEvent
  | {
      readonly type: 'signal.refused';
      readonly source: string;
      readonly reason: string;
      readonly count: number;
    }
  | (OfTask & {
      /** A quota stood against it, or against telling each refusal: so many times, all alike, within a second or so. */
      readonly type: 'credential.limited';
      readonly entry: string;
      readonly fault: string;
      readonly quota: string;
      readonly count: number;
    })
  | (OfTask & {
      /** A quota kept tasks from being opened for the agent, by whom; `task` is ''. Counted likewise. */
      readonly type: 'task.limited';
      readonly by: string;
      readonly fault: string;
      readonly quota: string;
      readonly count: number;
    })
  | { readonly type: 'notification.disabled'; readonly target: string }
  | { readonly type: 'identity.refused'; readonly reason: string; readonly count: number }
  | {
      readonly type: 'hook.accepted';
      readonly source: string;
      readonly delivery: string;
      readonly task: string;
      readonly run?: string;
    }
  | {
      readonly type: 'hook.refused';
      readonly source: string;
      readonly reason: string;
      readonly count: number;
    }
  | {
      readonly type: 'policy.loaded';
      readonly policyDigest: string;
      /** SHA-256 in hex of each file, by name. */
      readonly files?: Readonly<Record<string, string>>;
      /** Ids of the policies that are other than in the bundle before; absent at the start of a process. */
      readonly changes?: PolicyChanges;
    }
  | {
      readonly type: 'policy.refused';
      /** Digest of the policy that stays. */
      readonly inForce: string;
      readonly problems: readonly string[];
    }
  | {
      /** Sections of the settings by name: those that are in force now, and those that a restart takes. */
      readonly type: 'settings.loaded';
      readonly sections: readonly string[];
      readonly needRestart: readonly string[];
    }
  | { readonly type: 'settings.refused'; readonly problems: readonly string[] };

/** One event in its place in the chain. */
export interface AuditRecord {
  /** Which chain it is in; one store has one, and says which when it writes its first record. */
  readonly chain: string;
  /** Position in the chain, from 1. */
  readonly seq: number;
  /** Where the store put it: `<milliseconds>-<n>`, on the store's clock. */
  readonly id: string;
  readonly at: number;
  readonly event: AuditEvent & Caused;
  /** Hex SHA-256 of the record before; 64 zeros for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** The tasks and agents whose history the event belongs to, and whoever did it, but for the broker itself. */
export function subjectsOf(event: AuditEvent): readonly string[] {
  const about = aboutWhom(event);
  const by = 'by' in event ? event.by : '';
  return by === '' || by === 'broker' || about.includes(by) ? about : [...about, by];
}

const aboutWhom = (event: AuditEvent): readonly string[] =>
  'agent' in event
    ? [event.task, event.agent, event.type === 'task.delegated' ? event.parent : ''].filter((id) => id !== '')
    : 'task' in event && event.task
      ? [event.task]
      : 'subject' in event
        ? [event.subject]
        : [];

/**
 * Whether an event of the lease's task belongs to the lease's own path: what the task told (its opening, its steps and
 * approvals, its end), and what is told of this lease; not what is told of another, or of a refused request.
 */
export const isOnPathOf = (lease: string, event: AuditEvent): boolean =>
  'lease' in event
    ? event.lease === lease
    : !['credential.refused', 'step.refused', 'delegation.refused'].includes(event.type);

/** Whether the event is told when one asks for this lease, task or agent. */
export function isOf(subject: string, event: AuditEvent): boolean {
  if (subject.startsWith('lse_'))
    return 'task' in event && event.task === taskIdOf(subject) && isOnPathOf(subject, event);
  return subjectsOf(event).includes(subject);
}
