import type { Answer, Approval, Granted, NewApproval } from '../approval/approval.js';
import type { AuditEvent } from '../audit/event.js';
import type { Rate } from '../policy/rate.js';
import type { Idempotency, Page, PageQuery } from './ledger.js';
import type { Asking } from './withdrawal-ledger.js';

export interface ApprovalTimes {
  /** How long it can be answered. */
  readonly pendingMs: number;
  /** The most that one requester may have waiting. */
  readonly pendingPerAgent: number;
  /** How often one requester may ask something new. */
  readonly askRate: Rate;
}

export type Opened =
  | { readonly is: 'opened' | 'same'; readonly approval: Approval }
  /** The same was denied a moment ago. */
  | { readonly is: 'denied'; readonly approval: Approval; readonly againInMs: number }
  /** As many are open, or were asked of late, as may be. */
  | { readonly is: 'limit'; readonly againInMs: number }
  | { readonly is: 'rate'; readonly againInMs: number };

/** What a question is about. */
export interface Subject {
  readonly entry?: string;
  readonly tool?: string;
  /** The agent delegated to. */
  readonly delegate?: string;
}

export interface ApprovalQuery extends PageQuery {
  readonly agent?: string;
  /** Only those that wait for an answer. */
  readonly pending?: true;
}

/** Approvals. Every transition is one step of the store, with its audit event; `pending` is left once. */
export interface ApprovalLedger {
  /**
   * APR-05: the same request is one question, however often it is asked. Where there is a key, the question is what that is
   * answered with from then on; throws task.ended, idempotency.reused, issuing.blocked, agent.disabled.
   */
  open(
    approval: NewApproval,
    event: AuditEvent & { type: 'approval.requested' },
    times: ApprovalTimes,
    asking: Asking,
    idempotency?: Idempotency,
  ): Promise<Opened>;
  find(id: string): Promise<Approval | undefined>;
  /** The latest first; of those that wait for an answer, first the one that runs out next. */
  list(query: ApprovalQuery): Promise<Page<Approval>>;
  /**
   * One person's answer. False when it is no longer pending, or somebody else has answered since `before` was read:
   * look again.
   */
  answer(
    before: Approval,
    answer: Answer,
    outcome: {
      readonly state: 'pending' | 'approved' | 'denied';
      /** Of a credential. */
      readonly granted?: Granted | undefined;
      /** How long what is approved may be used, or what was denied is not asked again. */
      readonly forMs: number;
    },
    event: AuditEvent & { type: 'approval.decided' },
  ): Promise<boolean>;
  /** Cancelled by its requester or revoked by an operator. False when it is over already; `unused`: also when it was used. */
  close(
    id: string,
    as: 'cancelled' | 'revoked',
    event: AuditEvent & { type: 'approval.cancelled' | 'approval.revoked' },
    which?: 'unused',
  ): Promise<boolean>;
  /** Writes down which have run out, and forgets what is older than the retention. Returns how many ran out. */
  expire(limit: number): Promise<number>;
  pending(): Promise<number>;
  /** Ids of those that wait for an answer, and of those that were approved and can still be used. */
  usable(): Promise<readonly string[]>;
  /**
   * How often the agent was granted the entry or permitted the tool, in its last `within` audit events, or has delegated to
   * the other, in the last of that one; and when last.
   */
  pastUse(agent: string, of: Subject, within: number): Promise<{ times: number; lastAt?: number }>;
}
