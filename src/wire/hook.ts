import { z } from 'zod';

export const hookAnswer = z
  .strictObject({
    task: z.string().optional(),
    effect: z.enum(['ended', 'already', 'ignored']),
  })
  .meta({ description: 'What the delivery did. It is durable by then.' });
