import { z } from 'zod';
import { duration } from '../kernel/duration.js';
import { approvalId, deadline, line, name, principalId, prose } from './text.js';

const parameter = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

export const subtaskRequest = z
  .strictObject({
    intent: prose(2000).meta({ description: 'What the sub-task is for, in words. It never changes.' }),
    deadline,
    agent: principalId.meta({
      description: 'Principal id of the agent that it is for; it proves who it is by a token of its own.',
    }),
    allowed: z
      .array(
        z.strictObject({
          credential: name,
          parameters: z
            .record(z.string().max(64), parameter)
            .default({})
            .meta({ description: 'The widest that each may be; what is left out is as wide as here.' }),
        }),
      )
      .min(1)
      .max(32)
      .refine(
        (all) => new Set(all.map(({ credential }) => credential)).size === all.length,
        'must name each entry only once',
      )
      .meta({ description: 'The catalog entries that it may ask for, and no others.' }),
    tools: z.array(line(128)).max(64).optional(),
    environments: z.array(line(64)).max(32).optional(),
    maximumTtl: duration.optional().meta({ description: 'The longest that a credential of it may last.' }),
    approval: approvalId
      .optional()
      .meta({ description: 'The approval that a person has given for exactly this delegation.' }),
  })
  .meta({ description: 'Delegates a narrower task to another agent.' });
