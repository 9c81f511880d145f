// Controls, separators, marks that turn or hide text (bidi, zero width, tags), and halves of surrogate pairs.
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{e0000}-\u{e007f}]/gu;

/**
 * Text that is seen as it is (APR-04): whatever controls a terminal or turns, hides or breaks text is spelled out, as
 * `\u{202e}`. The API takes no such text; claims of tokens, and records of earlier days, may hold it.
 */
export const inert = (text: string): string =>
  text.replaceAll(unseen, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

/** The same for every string in it, names included. */
export function inertIn<T>(value: T): T {
  if (typeof value === 'string') return inert(value) as T;
  if (Array.isArray(value)) return value.map(inertIn) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [inert(name), inertIn(inner) as unknown]),
  ) as T;
}
