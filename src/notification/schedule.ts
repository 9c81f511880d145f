const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Three days in all, as Standard Webhooks suggests: a receiver may be away over a weekend. */
const delaysMs = [
  5000,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

export const attempts = delaysMs.length + 1;

/** When to try again after so many attempts, up to a fifth later so that not everybody comes back at once. */
export function againInMs(attempted: number, random: () => number = Math.random): number {
  const delayMs = delaysMs[Math.min(attempted, delaysMs.length) - 1] ?? delaysMs[0]!;
  return Math.round(delayMs * (1 + random() / 5));
}
