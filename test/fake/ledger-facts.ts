import type { AuditEvent } from '../../src/audit/event.js';
import { newLeaseId, newTaskId } from '../../src/kernel/id.js';
import type { Lease, NewLease } from '../../src/lease/lease.js';
import type { NewTask } from '../../src/task/task.js';

export const agent = 'spiffe://example.org/agent/a';

export const newTask = (over: Partial<NewTask> = {}): NewTask => ({
  id: newTaskId(),
  intent: 'summarise the reports',
  agent,
  openedBy: agent,
  labels: { team: 'finance' },
  deadlineAt: Date.now() + 60_000,
  ...over,
});

export const newLease = (taskId: string, over: Partial<NewLease> = {}): NewLease => ({
  id: newLeaseId(taskId),
  taskId,
  agent,
  entry: 'reports-db',
  provider: 'vault',
  parameters: { prefix: 'reports/' },
  handle: { lease: 'x' },
  effect: 'revoked_at_provider',
  ttlSeconds: 30,
  ceilingSeconds: 3600,
  mintTimeoutMs: 20_000,
  ...over,
});

export const reservedEvent = (lease: NewLease): AuditEvent & { type: 'lease.reserved' } => ({
  type: 'lease.reserved',
  lease: lease.id,
  task: lease.taskId,
  agent: lease.agent,
  intent: 'summarise',
  asked: { entry: lease.entry, parameters: lease.parameters, ttlSeconds: lease.ttlSeconds },
  decided: { evaluation: 'e', is: 'permit', because: ['p'], policyDigest: 'd' },
  provider: lease.provider,
  ttlSeconds: lease.ttlSeconds,
  effect: lease.effect,
  issuer: 'example.org',
  claims: {},
});

export const renewingEvent = (
  lease: Pick<Lease, 'id' | 'taskId' | 'agent' | 'entry'>,
): AuditEvent & { type: 'lease.renewing' } => ({
  type: 'lease.renewing',
  lease: lease.id,
  task: lease.taskId,
  agent: lease.agent,
  asked: { entry: lease.entry, parameters: {}, ttlSeconds: 40 },
  decided: { evaluation: 'e', is: 'permit', because: ['p'], policyDigest: 'd' },
});
