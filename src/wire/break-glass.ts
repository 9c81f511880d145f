import { z } from 'zod';
import type { Shape } from './shape.js';
import { duration } from '../kernel/duration.js';
import { lease } from './lease.js';
import { pageOf, pageQuery } from './page.js';
import { approvalId, durationText, instant, line, name, prose, taskId } from './text.js';

const breakGlassId = z.string().regex(/^bgl_[0-9A-Za-z]{16}$/);

export const breakGlassRequest = z
  .strictObject({
    credential: name.meta({ description: 'Name of the catalog entry.' }),
    parameters: z.record(z.string().max(64), z.unknown()).default({}),
    ttl: duration.optional().meta({ description: 'At most `breakGlass.maximumTtl` of the settings.' }),
    reason: prose(500).meta({
      description: 'Why there is no other way; it is announced to nobody outside, and kept.',
    }),
    ticket: line(128).meta({
      description: 'The incident; policy can look at it as the label `ticket` of the task.',
    }),
    approval: approvalId.optional().meta({ description: 'The approval that this same request has got.' }),
  })
  .meta({ description: 'Takes a credential in an emergency.' });

export const breakGlass = z
  .strictObject({
    id: breakGlassId,
    task: taskId,
    by: z.string(),
    credential: z.string(),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    ttl: durationText,
    reason: z.string(),
    ticket: z.string(),
    approval: approvalId.optional(),
    status: z
      .enum(['open', 'over', 'reviewed'])
      .meta({ description: '`over`: it has ended and waits for its review.' }),
    openedAt: instant,
    endsAt: instant,
    review: z
      .strictObject({
        by: z.string(),
        at: instant,
        outcome: z.enum(['justified', 'not_justified']),
        note: z.string(),
      })
      .optional(),
  })
  .meta({ description: 'What an operator took in an emergency.' });

export const breakGlassGrant = z.strictObject({
  breakGlass,
  lease,
  secret: z
    .record(z.string(), z.unknown())
    .meta({ description: 'The credential. Shown once and never stored.' }),
});

export const breakGlassQuery = z.strictObject(pageQuery);
export const breakGlassPage = pageOf(breakGlass);

export const breakGlassReview = z.strictObject({
  outcome: z.enum(['justified', 'not_justified']),
  note: prose(2000).meta({ description: 'What was found.' }),
});

export type BreakGlassShape = Shape<typeof breakGlass>;
