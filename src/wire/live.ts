import { z } from 'zod';
import type { Shape } from './shape.js';
import { lease, leaseState } from './lease.js';
import { taskSummaries } from './task.js';
import { instant } from './text.js';

const count = z.int().min(0);

/** What a message `changes` of `GET /v1/events` holds. */
export const liveChanges = z
  .strictObject({
    at: instant,
    events: z
      .array(z.strictObject({ id: z.string(), at: instant, event: z.looseObject({ type: z.string() }) }))
      .meta({
        description: 'As written, not yet chained. Empty when there were too many; `counts` has all.',
      }),
    counts: z.record(z.string(), count).meta({ description: 'How many events of each type.' }),
    leases: z.array(lease).meta({ description: 'Each lease that changed, as it is now.' }),
    tasks: taskSummaries,
  })
  .meta({ description: 'What has happened since the message before.' });

export type LiveChangesShape = Shape<typeof liveChanges>;

const moment = z.int().meta({ description: 'Milliseconds since the epoch.' });
const perStep = z.array(count);
const lag = z.array(z.int().nullable());

export const overview = z
  .strictObject({
    at: instant,
    leases: z.array(z.strictObject({ provider: z.string(), state: leaseState, count })),
    overdue: z
      .array(z.strictObject({ provider: z.string(), ms: count }))
      .meta({ description: 'By how much the oldest due lease of each provider is late.' }),
    quarantined: count.meta({ description: 'Records that cannot be read; nobody revokes those.' }),
    course: z
      .strictObject({
        from: moment,
        stepMs: z.int(),
        wholeFrom: moment.meta({ description: 'Before this the log was too long to be read for it.' }),
        live: perStep,
        issued: perStep,
        revoked: perStep,
        lagP50Ms: lag,
        lagP99Ms: lag,
      })
      .meta({ description: 'The last hour in steps; the last one is not over yet.' }),
  })
  .meta({ description: 'How much is live, how fast it comes and goes, and how late its ends are.' });

export type OverviewShape = Shape<typeof overview>;
