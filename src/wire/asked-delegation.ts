import { z } from 'zod';
import { durationText, instant } from './text.js';

const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));
const names = z.array(z.string());
const until = z
  .union([durationText, instant])
  .meta({ description: 'How long it lasts from when it is delegated, or until when; as it was asked.' });

/** What a person is asked about a delegation. */
export const askedDelegation = z
  .strictObject({
    agent: z.string(),
    intent: z.string(),
    allowed: z.array(z.strictObject({ credential: z.string(), parameters: values })),
    tools: names.optional(),
    environments: names.optional(),
    maximumTtl: durationText.optional(),
    deadline: until,
  })
  .meta({ description: 'A delegation, with what the parent task leaves of it.' });

/** What the broker knows of it. */
export const delegationFacts = z
  .strictObject({
    known: z.boolean().meta({ description: 'Whether the inventory has the agent that it is for.' }),
    delegate: z.string().optional().meta({ description: 'That agent, where it has.' }),
    owner: z.string().optional(),
    purpose: z.string().optional(),
    depth: z.int().meta({ description: 'How many delegations would lead to the sub-task.' }),
    actors: names.meta({ description: 'Who would stand above it: who delegates first.' }),
    allowed: z
      .array(
        z.strictObject({
          credential: z.string(),
          parameters: values,
          provider: z.string(),
          sensitivity: z.string(),
          environment: z.string(),
          riskTier: z.int(),
        }),
      )
      .meta({ description: 'The most that it could hold.' }),
    tools: names.optional().meta({ description: 'Those that the settings know, as of the environments.' }),
    environments: names.optional(),
    maximumTtl: durationText.optional(),
    deadline: until,
  })
  .meta({ description: 'Of a delegation.' });

/** What only the agent says of it. */
export const delegationClaims = {
  delegate: z.string().optional().meta({ description: 'An agent that the inventory does not know.' }),
  tools: names.optional().meta({ description: 'Tools that the settings do not know.' }),
  environments: names.optional().meta({ description: 'Environments that no entry is of.' }),
  subtaskIntent: z.string().optional().meta({ description: 'What the sub-task would be for.' }),
};
