import type { Clock } from '../../../../kernel/clock.js';

/** The clock of AWS beside the ledger's, as one answer showed them. All in milliseconds. */
export interface AwsTime {
  /** At or before the answer, and so before all that was begun after it. */
  readonly at: number;
  /** How far AWS is ahead of the ledger, at least and at most. */
  readonly aheadFrom: number;
  readonly aheadUntil: number;
}

/**
 * Asks AWS for something whose answer has a `Date`. That has whole seconds, and was written somewhere between asking
 * and hearing: so the difference of the clocks is known within that. Without a date AWS is taken to be right on time,
 * give or take the skew that STS itself bears.
 */
export async function askedAt<T>(
  clock: Clock,
  ask: () => Promise<{ readonly value: T; readonly date: number | undefined }>,
): Promise<{ readonly value: T; readonly time: AwsTime }> {
  const from = clock();
  const { value, date } = await ask();
  const until = clock();
  if (date === undefined)
    return { value, time: { at: from - unknownMs, aheadFrom: -unknownMs, aheadUntil: unknownMs } };
  return { value, time: { at: date, aheadFrom: date - until, aheadUntil: date + 1000 - from } };
}

const unknownMs = 5000;
