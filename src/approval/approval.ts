import type { ParameterValues } from '../policy/catalog.js';
import type { Demanded } from '../policy/decision.js';

/** As it is written down. Where its time has run out it has expired, whether or not anyone has written that. */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'cancelled' | 'revoked' | 'expired' | 'used';

/** What was asked for: exactly this, and nothing beside it, is what a person answers. */
export interface AskedRequest {
  readonly entry: string;
  readonly parameters: ParameterValues;
  /** What was asked for, before any other bound. */
  readonly ttlSeconds: number;
  readonly tool?: string;
  readonly reason?: string;
  /** Of a break-glass request. */
  readonly ticket?: string;
}

/** What the agent may have once it is approved: never more than it asked for. */
export interface Granted {
  readonly parameters: ParameterValues;
  readonly ttlSeconds: number;
}

/** One person's answer. */
export interface Answer {
  readonly is: 'approve' | 'deny';
  /** Principal id of the operator. */
  readonly by: string;
  /** The address that its token proved, where the rule keeps `email`: whoever has the same is the same person. */
  readonly email?: string;
  /** The roles by which it was theirs to give. */
  readonly roles: readonly string[];
  readonly at: number;
  readonly reason?: string;
  readonly ttlSeconds?: number;
  readonly parameters?: ParameterValues;
}

/** What policy demanded of the answer when it asked. */
export interface Demand {
  /** Operators with one of these roles may answer. */
  readonly approvers: readonly string[];
  /** How many different persons have to approve. */
  readonly persons: number;
  /** Where several policies asked: what each demands, all of which has to be met. */
  readonly each?: readonly Demanded[];
  /** The policies that asked. */
  readonly because: readonly string[];
  readonly policyDigest: string;
}

/** What the broker knew, and had checked, when it asked. */
export interface KnownFacts {
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string | number | boolean>>;
  /** TTL that would have been granted then, in seconds, after every other bound. */
  readonly grantableSeconds: number;
  readonly sensitivity: string;
  readonly environment: string;
  readonly riskTier: number;
  readonly provider: string;
  /** The task declared no tools, or the one that was named. */
  readonly toolDeclared: boolean;
}

/** A question to a person, and the answer. It is no bearer of anything: who names it has to be its requester. */
export interface Approval {
  readonly id: string;
  /** Hex SHA-256 over the canonical JSON of the exact request; see `digestOf`. */
  readonly digest: string;
  /** Absent for break-glass, whose task is opened when it is granted. */
  readonly task?: string;
  /** Principal id of who asks: an agent, or the operator of a break-glass. */
  readonly agent: string;
  readonly request: AskedRequest;
  readonly demand: Demand;
  readonly known: KnownFacts;
  readonly state: ApprovalState;
  readonly requestedAt: number;
  /** Until then it can be answered; after that it has expired, and that is a no. */
  readonly expiresAt: number;
  readonly answers: readonly Answer[];
  /** There once it is approved. */
  readonly granted?: Granted;
  /** The last moment that it, and whatever is issued by it, is good for. */
  readonly approvedUntil?: number;
  /** The lease that it was used for. */
  readonly lease?: string;
  readonly endedAt?: number;
  /** It was cancelled because its task had ended. */
  readonly cause?: 'task_end';
}

export type NewApproval = Pick<Approval, 'id' | 'digest' | 'task' | 'agent' | 'request' | 'demand' | 'known'>;

/** The state at this moment: what has run out has expired, with or without a worker to say so. */
export const stateAt = (approval: Approval, now: number): ApprovalState =>
  (approval.state === 'pending' && approval.expiresAt <= now) ||
  (approval.state === 'approved' && (approval.approvedUntil ?? 0) <= now)
    ? 'expired'
    : approval.state;

/** What the answers so far allow: the least of each. */
export const grantedBy = (request: AskedRequest, answers: readonly Answer[]): Granted => ({
  ttlSeconds: Math.min(request.ttlSeconds, ...answers.map(({ ttlSeconds }) => ttlSeconds ?? Infinity)),
  parameters: answers.reduce((narrowest, { parameters }) => parameters ?? narrowest, request.parameters),
});
