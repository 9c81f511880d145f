import type { SignedCheckpoint } from '../audit/checkpoint.js';
import type { AuditRecord } from '../audit/event.js';
import type { Grant, Renewal, ShownLease } from '../broker/broker.js';
import { formatDuration } from '../kernel/duration.js';
import { faults } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Page } from '../ledger/ledger.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { Step } from '../task/step.js';
import type { Task } from '../task/task.js';
import type { AuditRecordShape } from '../wire/audit.js';
import type { CheckpointShape } from '../wire/checkpoint.js';
import type { CatalogEntryShape } from '../wire/catalog.js';
import type { GrantShape } from '../wire/credential.js';
import type { LeaseShape } from '../wire/lease.js';
import type { RenewalShape } from '../wire/renewal.js';
import type { StepShape } from '../wire/step.js';
import type { TaskShape, TaskSummaryShape } from '../wire/task.js';
import { optional } from '../kernel/present.js';
import { instant, instantIf } from './instant.js';
import { renderObligations } from './render-obligations.js';

// Domain to wire. Each names every field it gives, so that a new field of the domain is not published by itself.

export const renderTask = (task: Task): TaskShape =>
  optional({
    id: task.id,
    intent: task.intent,
    agent: task.agent,
    openedBy: task.openedBy,
    onBehalfOf: task.onBehalfOf,
    run: task.run,
    labels: task.labels,
    tools: task.tools,
    parent: task.parent,
    actors: task.actors?.map(({ id }) => id),
    allowed: task.scope?.allowed.map(({ credential, limits }) => ({ credential, parameters: limits })),
    environments: task.scope?.environments,
    maximumTtl:
      task.scope?.maximumTtlSeconds === undefined ? undefined : formatDuration(task.scope.maximumTtlSeconds),
    subtasks: task.subtasks,
    state: task.state,
    openedAt: instant(task.openedAt),
    deadline: instant(task.deadlineAt),
    endedAt: instantIf(task.endedAt),
    endedBy: task.endedBy,
    outcome: task.outcome,
  });

export const renderTaskSummary = (task: Task): TaskSummaryShape =>
  optional({
    intent: task.intent,
    agent: task.agent,
    openedBy: task.openedBy,
    onBehalfOf: task.onBehalfOf,
    state: task.state,
    deadline: instant(task.deadlineAt),
  });

export const renderStep = (step: Step): StepShape =>
  optional({
    id: step.id,
    task: step.taskId,
    agent: step.agent,
    tool: step.tool,
    kind: step.kind,
    dataClass: step.dataClass,
    decision: step.decision,
    policies: step.because,
    fault: step.fault,
    detail: step.detail,
    remedy: step.fault === undefined ? undefined : faults[step.fault as FaultCode]?.remedy,
    approvers: step.approvers,
    approval: step.approval,
    obligations: renderObligations(step.obligations),
    decidedAt: instant(step.decidedAt),
  });

export const renderLease = (lease: ShownLease): LeaseShape =>
  optional({
    id: lease.id,
    task: lease.taskId,
    agent: lease.agent,
    credential: lease.entry,
    provider: lease.provider,
    parameters: lease.parameters,
    tool: lease.tool,
    step: lease.step,
    actors: lease.actors,
    reason: lease.reason,
    approval: lease.approval,
    breakGlass: lease.breakGlass,
    state: lease.state,
    revocation: optional({
      effect: lease.effect,
      cause: lease.cause,
      requestedAt: instantIf(lease.revocationRequestedAt),
      writtenAt: instantIf(lease.writtenAt),
      endedAt: instantIf(lease.endedAt),
      attempts: lease.attempts,
      lastFault: lease.lastFault,
      nextAttemptAt: instantIf(lease.nextAttemptAt),
    }),
    reservedAt: instant(lease.reservedAt),
    expiresAt: instant(lease.expiresAt),
    ceilingAt: instant(lease.ceilingAt),
    renewedAt: instantIf(lease.renewedAt),
    renewals: lease.renewals,
  });

// The two places where a secret is put into an answer.
export const renderGrant = ({ lease, secret }: Grant): GrantShape => ({
  lease: renderLease(lease),
  secret: secret.reveal(),
});

export const renderRenewal = ({ lease, secret }: Renewal): RenewalShape =>
  optional({ lease: renderLease(lease), secret: secret?.reveal() });

/** The entry as agents may know it; what it mints stays with the operator. */
export const renderEntry = (entry: CatalogEntry): CatalogEntryShape => ({
  name: entry.name,
  description: entry.description,
  provider: entry.provider,
  sensitivity: entry.sensitivity,
  environment: entry.environment,
  riskTier: entry.riskTier,
  maximumTtl: formatDuration(entry.maximumTtlSeconds),
  defaultTtl: formatDuration(entry.defaultTtlSeconds),
  ...(entry.deliver === 'encrypted' && { deliver: entry.deliver }),
  parameters: entry.parameters,
});

export const renderRecord = ({
  chain,
  seq,
  id,
  at,
  event,
  previous,
  hash,
}: AuditRecord): AuditRecordShape => ({
  chain,
  seq,
  id,
  at: instant(at),
  event: { ...event },
  previous,
  hash,
});

export const renderCheckpoint = ({ seq, at, jws }: SignedCheckpoint): CheckpointShape => ({
  seq,
  at: instant(at),
  jws,
});

export const renderPage = <Item, Shape>(page: Page<Item>, render: (item: Item) => Shape) =>
  optional({ items: page.items.map(render), next_page_token: page.nextPageToken });
