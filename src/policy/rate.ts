import { z } from 'zod';
import { duration } from '../kernel/duration.js';

/** A token bucket: `most` at once when nothing was asked for a while, and on average no more than `most` in the time. */
export interface Rate {
  readonly most: number;
  readonly withinSeconds: number;
}

export const rateSettings = z
  .strictObject({
    most: z.int().min(1).max(1_000_000).describe('How many, at once or over the time.'),
    within: duration.describe('The time, such as "1m".'),
  })
  .transform(({ most, within }): Rate => ({ most, withinSeconds: within }));
