export { ProtemClient } from './client.js';
export type {
  Acquire,
  Announce,
  ClientOptions,
  Delegate,
  OpenTask,
  RequestOptions,
  TaskOutcome,
} from './client.js';
export type { ApprovalOptions } from './approval.js';
export type { Call, CallerOptions, Fetch, FetchedAnswer } from './call.js';
export { HeldLease } from './held-lease.js';
export type { RenewAsk, SecretValues } from './held-lease.js';
export type { DpopKey } from './jose-proof.js';
export { ProtemFault } from './protem-fault.js';
export type { PendingApproval } from './protem-fault.js';
export type { CatalogEntryShape as CatalogEntry } from '../wire/catalog.js';
export type { LeaseShape as Lease } from '../wire/lease.js';
export type { StepShape as Step } from '../wire/step.js';
export type { TaskShape as Task } from '../wire/task.js';
