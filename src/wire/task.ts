import { z } from 'zod';
import type { Shape } from './shape.js';
import { pageOf, pageQuery } from './page.js';
import { deadline, durationText, instant, line, lineOrNothing, principalId, prose, taskId } from './text.js';

const taskOutcome = z.enum(['completed', 'failed', 'cancelled']);

const labels = z
  .record(line(64), lineOrNothing(256))
  .refine((all) => Object.keys(all).length <= 32, 'expected at most 32 labels');

const tools = z.array(line(128)).max(64);

export const taskRequest = z
  .strictObject({
    intent: prose(2000).meta({ description: 'What the task is for, in words. It never changes.' }),
    deadline,
    labels: labels.default({}).meta({ description: 'Up to 32 labels of 64 and values of 256 characters.' }),
    onBehalfOf: line(256).optional().meta({ description: 'The person or system the task serves.' }),
    run: line(512).optional().meta({
      description:
        'What the orchestrator calls the run that the task belongs to; a webhook about the run ends all its tasks.',
    }),
    agent: principalId.optional().meta({
      description: 'Principal id of the agent the task is for, when an orchestrator opens it.',
    }),
    tools: tools.optional().meta({ description: 'When given, only these tools may ask for credentials.' }),
  })
  .meta({ description: 'Opens a task.' });

export const taskEndRequest = z.strictObject({
  outcome: taskOutcome.default('completed').meta({ description: 'How the task ended.' }),
});

export const task = z
  .strictObject({
    id: taskId,
    intent: z.string(),
    agent: z.string().meta({ description: 'Principal id of the agent that may ask for credentials.' }),
    openedBy: z.string(),
    onBehalfOf: z.string().optional(),
    run: z.string().optional(),
    labels: z.record(z.string(), z.string()),
    tools: z.array(z.string()).optional(),
    parent: taskId.optional().meta({ description: 'The task it was delegated from.' }),
    actors: z
      .array(z.string())
      .optional()
      .meta({ description: 'Whose delegation led to it: who delegated it first.' }),
    allowed: z
      .array(z.strictObject({ credential: z.string(), parameters: z.record(z.string(), z.unknown()) }))
      .optional()
      .meta({ description: 'The entries that were delegated to it, at their widest.' }),
    environments: z.array(z.string()).optional(),
    maximumTtl: durationText.optional(),
    subtasks: z.array(taskId).optional().meta({ description: 'The tasks delegated from it.' }),
    state: z
      .enum(['open', 'ended', 'lapsed'])
      .meta({ description: '`lapsed`: nobody ended it, but its deadline has passed.' }),
    openedAt: instant,
    deadline: instant,
    endedAt: instant.optional(),
    endedBy: z.string().optional(),
    outcome: taskOutcome.optional(),
  })
  .meta({ description: 'For what: the unit that credentials are issued for and end with.' });

/** What a list of leases says of the task of each. */
const taskSummary = task.pick({
  intent: true,
  agent: true,
  openedBy: true,
  onBehalfOf: true,
  state: true,
  deadline: true,
});
export const taskSummaries = z
  .record(taskId, taskSummary)
  .meta({ description: 'The tasks of these leases, by id; those that are no longer kept are missing.' });
export type TaskSummaryShape = Shape<typeof taskSummary>;

export const taskQuery = z.strictObject({ ...pageQuery, agent: principalId.optional() });
export const taskPage = pageOf(task);

export type TaskShape = Shape<typeof task>;
