import { z } from 'zod';

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** The spelling of a duration, for descriptions; that it is more than 0 is for `parseDuration` to see. */
export const durationPattern = '^(\\d{1,9}[smhd])+$';
const spelling = new RegExp(durationPattern);

/** Whole seconds from "90s", "15m", "1h", "2d" or "1h30m"; undefined when it is not a positive duration. */
export function parseDuration(text: string): number | undefined {
  if (!spelling.test(text)) return undefined;
  let seconds = 0;
  let amount = 0;
  for (const character of text) {
    const size = unitSeconds[character as keyof typeof unitSeconds];
    if (size === undefined) {
      amount = amount * 10 + Number(character);
      continue;
    }
    seconds += amount * size;
    amount = 0;
  }
  return seconds > 0 && Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** The shortest spelling: 5400 becomes "1h30m". */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  if (rest === 0) return '0s';
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    if (rest < size) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}

/** A duration in settings and requests: a string such as "15m", parsed to whole seconds. */
export const duration = z
  .string()
  .transform((text, context): number => {
    const seconds = parseDuration(text);
    if (seconds !== undefined) return seconds;
    context.addIssue({ code: 'custom', message: 'expected a duration such as "90s", "15m" or "1h"' });
    return z.NEVER;
  })
  .meta({ pattern: durationPattern });
