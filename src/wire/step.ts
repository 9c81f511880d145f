import { z } from 'zod';
import { reason } from './lease.js';
import { obligations } from './obligation.js';
import type { Shape } from './shape.js';
import { approvalId, instant, line, prose, stepId, taskId } from './text.js';

export const stepRequest = z
  .strictObject({
    tool: line(128).meta({ description: 'The tool that is about to be called.' }),
    target: prose(500).optional().meta({ description: 'What it is to be called on, in words.' }),
    dataClass: line(64).optional().meta({
      description: 'The class of data that it is to touch; what the settings say of the tool counts.',
    }),
    reason: reason.optional().meta({ description: 'Why, in words; kept in the audit log.' }),
    approval: approvalId
      .optional()
      .meta({ description: 'The approval that a person has given for exactly this call.' }),
  })
  .meta({ description: 'Announces one tool call of a task.' });

export const step = z
  .strictObject({
    id: stepId,
    task: taskId,
    agent: z.string(),
    tool: z.string(),
    kind: z.string().optional().meta({ description: 'What the settings say that the tool does.' }),
    dataClass: z.string().optional().meta({ description: 'What the settings say that it touches.' }),
    decision: z.enum(['permit', 'ask', 'deny']),
    policies: z.array(z.string()).meta({ description: 'The policies that decided.' }),
    fault: z.string().optional().meta({ description: 'Code of what stands against it.' }),
    detail: z.string().optional().meta({ description: 'Why nobody is asked: what a person has said.' }),
    remedy: z.string().optional(),
    approvers: z.array(z.string()).optional().meta({ description: 'The roles that are asked.' }),
    approval: approvalId.optional().meta({
      description:
        'Where a person is asked: wait for it, and announce the same call naming it. Else the one that was named.',
    }),
    obligations: obligations.optional(),
    decidedAt: instant,
  })
  .meta({ description: 'One tool call inside a task, and whether it may be made.' });

export const steps = z.strictObject({ items: z.array(step) });

export type StepShape = Shape<typeof step>;
