import { z } from 'zod';

export const hookAnswer = z
  .strictObject({
    task: z.string().optional(),
    tasks: z
      .array(z.string())
      .optional()
      .meta({ description: 'Those of the run that the delivery is about.' }),
    effect: z.enum(['ended', 'already', 'ignored']),
  })
  .meta({ description: 'What the delivery did. It is durable by then.' });
