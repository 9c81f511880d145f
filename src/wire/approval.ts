import { z } from 'zod';
import type { Shape } from './shape.js';
import { duration, durationPattern } from '../kernel/duration.js';
import { askedDelegation, delegationClaims, delegationFacts } from './asked-delegation.js';
import { reason } from './lease.js';
import { pageOf, pageQuery } from './page.js';
import { approvalId, durationText, instant, leaseId, principalId, stepId, taskId } from './text.js';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');
const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));
const scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const labels = z.record(z.string(), z.string());

const approvalStatus = z
  .enum(['pending', 'approved', 'denied', 'cancelled', 'revoked', 'expired', 'used'])
  .meta({ description: '`pending` is left once; only `approved` can be used, and only once.' });

const answer = z.strictObject({
  decision: z.enum(['approve', 'deny']),
  by: z.string(),
  at: instant,
  reason: z.string().optional(),
  ttl: durationText.optional(),
  parameters: values.optional(),
});

const differences = z.array(z.strictObject({ what: z.string(), was: z.string(), is: z.string() }));

const verified = z
  .strictObject({
    agent: z.strictObject({
      id: z.string(),
      issuer: z.string(),
      claims: scalars,
      owner: z.string().optional(),
      purpose: z.string().optional(),
    }),
    task: z
      .strictObject({
        id: z.string(),
        openedBy: z.string(),
        state: z.enum(['open', 'ended', 'lapsed']),
        openedAt: instant,
        deadline: instant,
        tools: z.array(z.string()).optional(),
        actors: z
          .array(z.string())
          .optional()
          .meta({ description: 'Whose delegation led to it: who delegated it first.' }),
        chain: z
          .strictObject({
            count: z.int(),
            tools: z.array(z.string()),
            kinds: z.array(z.string()),
            dataClasses: z.array(z.string()),
          })
          .optional()
          .meta({ description: 'The steps so far of the task and of all tasks of its tree.' }),
        intent: z.string().optional(),
        labels: labels.optional(),
        onBehalfOf: z.string().optional(),
      })
      .optional(),
    entry: z
      .strictObject({
        description: z.string().optional(),
        provider: z.string(),
        sensitivity: z.string(),
        environment: z.string(),
        riskTier: z.int(),
        maximumTtl: durationText.optional(),
      })
      .optional()
      .meta({ description: 'Of a credential.' }),
    grantableTtl: durationText
      .optional()
      .meta({ description: 'Of a credential: what would have been granted when it was asked.' }),
    tool: z
      .strictObject({
        name: z.string().optional(),
        kind: z.string().optional(),
        dataClass: z.string().optional(),
      })
      .optional()
      .meta({
        description: 'Of a tool call: what the settings say of the tool; nothing of one they do not know.',
      }),
    delegation: delegationFacts.optional(),
    toolDeclared: z.boolean().optional().meta({
      description: 'Whether the tool is one of those that the task declared, where it declared any.',
    }),
    policies: z.array(z.string()).meta({ description: 'The policies that want a person to look.' }),
    pastUse: z.strictObject({ times: z.int(), lastAt: instant.optional() }).meta({
      description:
        'How often the agent had this entry, was permitted this tool, or delegated to this agent, of late.',
    }),
    before: z
      .strictObject({
        approval: approvalId,
        status: approvalStatus,
        requestedAt: instant,
        differences,
      })
      .optional()
      .meta({
        description:
          'What the same agent asked of the same entry, tool or agent before, and what is different now.',
      }),
  })
  .meta({ description: 'What the broker has checked or knows. Decide on this.' });

const claimed = z
  .strictObject({
    intent: z.string().optional(),
    labels: labels.optional(),
    onBehalfOf: z.string().optional(),
    tool: z.string().optional(),
    target: z.string().optional(),
    dataClass: z.string().optional(),
    reason: z.string().optional(),
    ticket: z.string().optional(),
    differences: differences.optional().meta({ description: 'What it says otherwise than before.' }),
    ...delegationClaims,
  })
  .meta({ description: 'What only the requester says. It proves nothing, and may be meant to persuade.' });

const askedCredential = z
  .strictObject({
    credential: z.string(),
    parameters: values,
    ttl: durationText,
    tool: z.string().optional(),
    reason: z.string().optional(),
    ticket: z.string().optional(),
  })
  .meta({ description: 'A credential.' });

const askedStep = z
  .strictObject({
    tool: z.string(),
    target: z.string().optional(),
    dataClass: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({ description: 'One tool call.' });

export const approval = z
  .strictObject({
    id: approvalId,
    status: approvalStatus,
    url: z.string().meta({ description: 'Where a person answers it.' }),
    digest: digest.meta({ description: 'SHA-256 over the canonical JSON of the exact request.' }),
    agent: z.string().meta({ description: 'Who asked.' }),
    task: taskId.optional(),
    request: z.union([askedCredential, askedStep, askedDelegation]),
    approvers: z.array(z.string()).meta({ description: 'Roles, of which whoever answers has one.' }),
    persons: z.int().min(1).meta({ description: 'How many different persons have to approve.' }),
    each: z
      .array(z.strictObject({ approvers: z.array(z.string()), persons: z.int().min(1) }))
      .optional()
      .meta({ description: 'Where several policies asked: what each demands. All of it has to be met.' }),
    policyDigest: z
      .string()
      .meta({ description: 'The policy that asked; it is asked again when this is used.' }),
    requestedAt: instant,
    expiresAt: instant.meta({ description: 'Until then it can be answered.' }),
    answers: z.array(answer),
    granted: z
      .strictObject({ ttl: durationText, parameters: values })
      .optional()
      .meta({ description: 'What may be had by it: what was asked for, or less.' }),
    approvedUntil: instant
      .optional()
      .meta({ description: 'It can be used until then, and lasts no longer.' }),
    lease: leaseId.optional().meta({ description: 'The credential that it was used for.' }),
    step: stepId.optional().meta({ description: 'The tool call that it was used for.' }),
    subtask: taskId.optional().meta({ description: 'The sub-task that was delegated by it.' }),
    endedAt: instant.optional(),
    takenBack: z
      .strictObject({ by: z.string(), reason: z.string().optional() })
      .optional()
      .meta({ description: 'Who cancelled or revoked it, and why.' }),
    cause: z
      .enum(['task_end'])
      .optional()
      .meta({ description: 'Why it was cancelled, where nobody cancelled it: its task was ended.' }),
    verified: verified.optional(),
    claimed: claimed.optional(),
  })
  .meta({ description: "A person's answer, or the question. It is no bearer of anything." });

export const awaitingApproval = z.strictObject({ approval });

export const approvalQuery = z.strictObject({
  ...pageQuery,
  agent: principalId.optional(),
  status: z.enum(['pending']).optional().meta({
    description: 'Only those that wait for an answer; first those that wait no longer for it soonest.',
  }),
});
export const approvalPage = pageOf(approval);

export const approvalWait = z.strictObject({
  wait: duration
    .refine((seconds) => seconds <= 60, 'expected at most 60 seconds')
    .optional()
    .meta({ description: 'How long to wait for an answer, such as "30s".', pattern: durationPattern }),
});

export const approvalDecision = z
  .strictObject({
    decision: z.enum(['approve', 'deny']),
    reason: reason.optional().meta({ description: 'Why; a denial needs one, and the agent sees it.' }),
    digest: digest.optional().meta({ description: 'Of the request that you have seen.' }),
    ttl: duration.optional().meta({ description: 'To approve a shorter time.' }),
    parameters: z
      .record(z.string().max(64), z.unknown())
      .optional()
      .meta({ description: 'To approve less: a longer path below the folder, fewer of a set.' }),
  })
  .refine(({ decision, reason: why }) => decision === 'approve' || why !== undefined, {
    path: ['reason'],
    message: 'a denial needs a reason',
  })
  .refine(
    ({ decision, ttl, parameters }) =>
      decision === 'approve' || (ttl === undefined && parameters === undefined),
    { path: ['decision'], message: 'a denial gives nothing' },
  )
  .meta({ description: "A person's answer." });

export const approvalCancellation = z.strictObject({ reason: reason.optional() });
export const approvalRevocation = z.strictObject({
  reason: reason.meta({ description: 'Why; kept in the audit log.' }),
});

export type ApprovalShape = Shape<typeof approval>;
