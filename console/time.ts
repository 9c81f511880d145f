import { signal } from '@preact/signals';

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

/** The time of day, with the day where it is not today. */
export function moment(iso: string | number): string {
  const date = new Date(iso);
  const today = new Date(now.peek()).toDateString() === date.toDateString();
  return (today ? clockTime : dayAndTime).format(date);
}

/** "1 h 05 min", "4 min 09 s", "12 s", "340 ms". */
export function span(ms: number): string {
  const whole = Math.abs(ms);
  if (whole < 1000) return `${Math.round(whole)} ms`;
  const seconds = Math.floor(whole / 1000);
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const two = (n: number) => String(n).padStart(2, '0');
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${two(m)} min`;
  if (m > 0) return `${m} min ${two(s)} s`;
  return `${s} s`;
}
