import { Transform } from 'node:stream';

/** Shorter values would be found in everything. */
const shortest = 6;

/**
 * The characters of base64 that hold nothing but bits of the value, for each of the three places in a group of bytes at
 * which it may begin: in a Basic header a name stands before it (RFC 4648 section 4).
 */
const inBase64 = (value: string): string[] =>
  [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const own = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)] as const;
    return (['base64', 'base64url'] as const).map((encoding) => bytes.toString(encoding).slice(...own));
  });

/** What may give a value away: itself, in a URL, in base64, in JSON. */
const formsOf = (value: string): string[] => [
  value,
  encodeURIComponent(value),
  Buffer.from(value).toString('base64'),
  ...inBase64(value),
  JSON.stringify(value).slice(1, -1),
];

/** Strings in the secret that have to stay one. */
export const valuesOf = (secret: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(secret)
    .filter(([name]) => !/^(expiration|username|accountid)$/i.test(name))
    .flatMap(([, value]) => (typeof value === 'string' ? [value] : []));

/**
 * A stream in which the values read `[secret]`, also where one is cut by the border of two chunks: what may be the
 * beginning of one is held back until it is known.
 */
export function mask(values: readonly string[]): Transform {
  // One byte is one character in latin1, so bytes that are no text pass as they are.
  const needles = [...new Set(values.filter(({ length }) => length >= shortest).flatMap(formsOf))]
    .map((form) => Buffer.from(form).toString('latin1'))
    .toSorted((one, other) => other.length - one.length);
  let held = '';
  const pass = (text: string, isLast: boolean): Buffer => {
    const { shown, rest } = masked(text, needles, isLast);
    held = rest;
    return Buffer.from(shown, 'latin1');
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) =>
      done(undefined, pass(held + chunk.toString('latin1'), false)),
    flush: (done) => done(undefined, pass(held, true)),
  });
}

/** The first and longest value wins, and where a longer one may still come, what could be it is left for later. */
function masked(text: string, needles: readonly string[], isLast: boolean): { shown: string; rest: string } {
  let shown = '';
  let at = 0;
  for (;;) {
    const open = isLast ? text.length : openFrom(text, at, needles);
    const found = firstOf(text, at, needles);
    if (!found || found.at >= open) return { shown: shown + text.slice(at, open), rest: text.slice(open) };
    shown += `${text.slice(at, found.at)}[secret]`;
    at = found.at + found.length;
  }
}

function firstOf(text: string, from: number, needles: readonly string[]) {
  let first: { at: number; length: number } | undefined;
  for (const needle of needles) {
    const at = text.indexOf(needle, from);
    if (at >= 0 && (!first || at < first.at)) first = { at, length: needle.length };
  }
  return first;
}

/** Where the text ends in what may be the beginning of a value. */
function openFrom(text: string, from: number, needles: readonly string[]): number {
  const longest = needles[0]?.length ?? 0;
  for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
    const tail = text.slice(at);
    if (needles.some((needle) => needle.length > tail.length && needle.startsWith(tail))) return at;
  }
  return text.length;
}
