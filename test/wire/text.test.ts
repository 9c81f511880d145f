import { expect, test } from '@jest/globals';
import { line, lineOrNothing, prose } from '../../src/wire/text.js';

// What agents write is read by people, and by models that advise them: nothing in it may be there and not be seen, nor
// make the rest read in another order (CVE-2021-42574).
test.each([
  ['an escape of terminals', '\u001b[31m'],
  ['a backspace', '\b'],
  ['a C1 control', '\u009b'],
  ['a line separator', '\u2028'],
  ['an override of direction', 'reports \u202e stropex'],
  ['an isolate of direction', '\u2066'],
  ['letters made of tag characters', 'ok\u{e0069}\u{e0067}\u{e006e}'],
])('%s is refused in text of any kind', (_what, text) => {
  for (const kind of [line(100), lineOrNothing(100), prose(100)])
    expect(kind.safeParse(text).success).toBe(false);
});

test.each([
  'Zusammenfassung für Q3 – “board”',
  '四半期報告',
  'گزارش\u200cها',
  'דוח\u200f רבעוני',
  '👩\u200d💻 ok',
])('people write %j, and it is taken', (text) => {
  for (const kind of [line(100), lineOrNothing(100), prose(100)]) expect(kind.parse(text)).toBe(text);
});

test.each([
  ' ',
  '\u00a0',
  '\u200b',
  '\u200f \u200d',
  '\u2060',
  '\u3000',
  '\u00ad',
  '\u3164',
  '\u2800',
  '\ufe0f',
])('BRG-01: a reason, a ticket or an intent in which nothing is seen (%j) is none', (text) => {
  for (const kind of [line(100), prose(100)]) expect(kind.safeParse(text).success).toBe(false);
});

test('only prose has lines', () => {
  expect(prose(10).safeParse('a\n\tb').success).toBe(true);
  expect(line(10).safeParse('a\nb').success).toBe(false);
});
