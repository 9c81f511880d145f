import { z } from 'zod';
import type { Shape } from './shape.js';
import { pageOf, pageQuery } from './page.js';
import { taskSummaries } from './task.js';
import { approvalId, instant, leaseId, name, principalId, prose, stepId, taskId } from './text.js';

export const leaseState = z
  .enum(['reserved', 'active', 'revoking', 'revoked', 'expired', 'stuck'])
  .meta({ description: '`stuck`: revoking keeps failing; it is still being tried.' });

const revocationEffect = z
  .enum(['revoked_at_provider', 'denied_by_policy', 'stops_renewing', 'expires_only'])
  .meta({ description: 'What ending the lease really does at the provider.' });

export const revocationCause = z.enum([
  'expiry',
  'task_end',
  'operator',
  'released',
  'superseded',
  'mint_unresolved',
  'policy_changed',
  'kill_switch',
  'context_changed',
]);

const revocation = z
  .strictObject({
    effect: revocationEffect,
    cause: revocationCause.optional(),
    requestedAt: instant.optional().meta({ description: 'When its end was asked for.' }),
    writtenAt: instant
      .optional()
      .meta({ description: 'Since when a deny stands at the provider, where that is how a lease ends.' }),
    endedAt: instant
      .optional()
      .meta({ description: 'When it was over: revoked or expired at the provider.' }),
    attempts: z.int().min(0),
    lastFault: z.string().optional().meta({ description: 'Code of the fault that the last attempt met.' }),
    nextAttemptAt: instant.optional().meta({
      description: 'When it is tried next, at the latest: in `GET /v1/leases/{lease}`, for operators.',
    }),
  })
  .meta({ description: 'How the lease ends, or ended.' });

export const lease = z
  .strictObject({
    id: leaseId,
    task: taskId,
    agent: z.string(),
    credential: z.string().meta({ description: 'Name of the catalog entry.' }),
    provider: z.string(),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    tool: z.string().optional(),
    actors: z
      .array(z.string())
      .optional()
      .meta({ description: 'Whose delegation led to its task: who delegated it first.' }),
    step: stepId.optional().meta({ description: 'The step that it was issued for.' }),
    reason: z.string().optional(),
    approval: approvalId.optional().meta({ description: 'By which persons approved it.' }),
    breakGlass: z.literal(true).optional().meta({ description: 'An operator took it in an emergency.' }),
    state: leaseState,
    revocation,
    reservedAt: instant,
    expiresAt: instant,
    ceilingAt: instant.meta({ description: 'Renewals carry it no further.' }),
    renewedAt: instant.optional(),
    renewals: z.int().min(1).optional().meta({ description: 'How often it was renewed.' }),
  })
  .meta({ description: 'The record of one credential. It never holds the secret.' });

export const leaseQuery = z.strictObject({
  ...pageQuery,
  state: leaseState.optional(),
  task: taskId.optional(),
  agent: principalId.optional(),
  provider: name.optional(),
  credential: name.optional(),
  effect: revocationEffect.optional(),
  with_tasks: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Adds `tasks`: why each of these leases exists.' }),
});
export const leasePage = pageOf(lease).extend({ tasks: taskSummaries.optional() });

export const reason = prose(500);

export const leaseRevocationRequest = z.strictObject({
  reason: reason.optional().meta({ description: 'Why, for the audit log.' }),
});

export type LeaseShape = Shape<typeof lease>;
