import type { ParameterValues } from '../policy/catalog.js';
import type { Demanded } from '../policy/decision.js';
import type { AskedCredential, AskedDelegation, AskedStep } from './asked.js';
import type { KnownOfDelegation, KnownOfEntry, KnownOfTool } from './known.js';

/** As it is written down. Where its time has run out it has expired, whether or not anyone has written that. */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'cancelled' | 'revoked' | 'expired' | 'used';

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

/** By the principal id; a requester need not say why. */
export interface TakenBack {
  readonly by: string;
  readonly reason?: string;
}

interface Questioned {
  readonly id: string;
  /** Hex SHA-256 over the canonical JSON of the exact request; see `digestOf`. */
  readonly digest: string;
  /** Absent for break-glass, whose task is opened when it is granted. */
  readonly task?: string;
  /** Principal id of who asks: an agent, or the operator of a break-glass. */
  readonly agent: string;
  readonly demand: Demand;
  readonly state: ApprovalState;
  readonly requestedAt: number;
  /** Until then it can be answered; after that it has expired, and that is a no. */
  readonly expiresAt: number;
  readonly answers: readonly Answer[];
  /** The last moment that it, and whatever is issued by it, is good for. */
  readonly approvedUntil?: number;
  readonly endedAt?: number;
  /** Who cancelled or revoked it, and why. */
  readonly takenBack?: TakenBack;
  /** It was cancelled because its task had ended. */
  readonly cause?: 'task_end';
}

/** Whether a credential may be had. */
export interface CredentialApproval extends Questioned {
  readonly request: AskedCredential;
  readonly known: KnownOfEntry;
  /** There once it is approved. */
  readonly granted?: Granted;
  /** The lease that it was used for. */
  readonly lease?: string;
}

/** Whether a tool may be called once. */
export interface StepApproval extends Questioned {
  readonly request: AskedStep;
  readonly known: KnownOfTool;
  /** The step that it was used for. */
  readonly step?: string;
}

/** Whether a narrower task may be delegated once. */
export interface DelegationApproval extends Questioned {
  readonly request: AskedDelegation;
  readonly known: KnownOfDelegation;
  /** The sub-task that it was used for. */
  readonly subtask?: string;
}

/** A question to a person, and the answer. It is no bearer of anything: who names it has to be its requester. */
export type Approval = CredentialApproval | StepApproval | DelegationApproval;

export const isOfCredential = (approval: Approval): approval is CredentialApproval =>
  'entry' in approval.request;
export const isOfDelegation = (approval: Approval): approval is DelegationApproval =>
  'delegate' in approval.request;
export const isOfStep = (approval: Approval): approval is StepApproval =>
  !isOfCredential(approval) && !isOfDelegation(approval);

/** What a person is asked, and what the broker knows of it. */
export type Matter =
  | Pick<CredentialApproval, 'request' | 'known'>
  | Pick<StepApproval, 'request' | 'known'>
  | Pick<DelegationApproval, 'request' | 'known'>;
export type NewApproval = Pick<Questioned, 'id' | 'digest' | 'task' | 'agent' | 'demand'> & Matter;

/** The state at this moment: what has run out has expired, with or without a worker to say so. */
export const stateAt = (approval: Questioned, now: number): ApprovalState =>
  (approval.state === 'pending' && approval.expiresAt <= now) ||
  (approval.state === 'approved' && (approval.approvedUntil ?? 0) <= now)
    ? 'expired'
    : approval.state;

/** What the answers so far allow: the least of each. */
export const grantedBy = (request: AskedCredential, answers: readonly Answer[]): Granted => ({
  ttlSeconds: Math.min(request.ttlSeconds, ...answers.map(({ ttlSeconds }) => ttlSeconds ?? Infinity)),
  parameters: answers.reduce((narrowest, { parameters }) => parameters ?? narrowest, request.parameters),
});
