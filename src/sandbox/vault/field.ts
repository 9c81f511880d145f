import { parseDuration } from '../../kernel/duration.js';

/** Fields of a JSON body that nobody has checked. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const textsOf = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;

export const recordOf = (value: unknown): Record<string, string> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : null;

/** A TTL the way Vault takes it: "15m", "900s", 900 or "900". */
export function millisecondsOf(value: unknown): number | undefined {
  const text = typeof value === 'number' ? `${value}s` : textOf(value);
  const seconds = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  return seconds === undefined ? undefined : seconds * 1000;
}
