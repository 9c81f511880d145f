import { computed, signal } from '@preact/signals';

/** By how much the broker's clock is ahead of this machine's, as far as it is known. */
let aheadMs = 0;

export function heardTime(at: number): void {
  // What was heard is older than now by its way here; a difference of seconds is a clock that is wrong.
  const ahead = at - Date.now();
  if (Math.abs(ahead - aheadMs) > 1500) aheadMs = ahead;
}

/** The broker's time to the second; countdowns follow it. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now() + aheadMs), 1000);

const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** The day of the broker's time, here. */
export const today = computed(() => new Date(now.value).toDateString());

/** The time of day, with the day where it is not today. */
export function moment(at: string | number, day = today.peek()): string {
  const date = new Date(at);
  return (date.toDateString() === day ? clockTime : dayAndTime).format(date);
}
