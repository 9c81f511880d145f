import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mask, valuesOf } from '../../src/cli/mask.js';

async function masked(values: readonly string[], chunks: readonly Buffer[]): Promise<Buffer> {
  const stream = mask(values);
  const out: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => out.push(chunk));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await once(stream, 'end');
  return Buffer.concat(out);
}

const cutAt = (text: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [
    0,
    ...places.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b),
    text.length,
  ];
  return sorted.slice(1).map((end, at) => text.subarray(sorted[at], end));
};

test('no value gets through, wherever the output is cut into chunks, and the cuts change nothing', async () => {
  // A small alphabet: values that overlap, begin alike, and stand inside one another.
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 6, maxLength: 12 });
  const values = fc.array(word, { minLength: 1, maxLength: 3 });
  const filler = fc.string({ unit: fc.constantFrom('a', 'b', '-', '\n', 'é') });
  await fc.assert(
    fc.asyncProperty(values, fc.array(filler), fc.array(fc.nat()), async (secrets, parts, places) => {
      const text = Buffer.from(
        parts.map((part, at) => part + (secrets[at % secrets.length] ?? '')).join('x'),
      );
      const whole = await masked(secrets, [text]);
      for (const secret of secrets) expect(whole.toString()).not.toContain(secret);
      expect(await masked(secrets, cutAt(text, places))).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});

test('what holds no value passes byte by byte, text or not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), fc.array(fc.nat()), async (bytes, places) => {
      const text = Buffer.from(bytes);
      expect(await masked(['a-secret-of-many-bytes'], cutAt(text, places))).toEqual(text);
    }),
    { numRuns: 100 },
  );
});

test('a value in base64, in a URL and in JSON is hidden too', async () => {
  const value = 'p&ss/w"rd+1';
  const forms = [
    value,
    encodeURIComponent(value),
    Buffer.from(value).toString('base64'),
    JSON.stringify(value),
  ];
  expect(
    (
      await masked(
        [value],
        forms.map((form) => Buffer.from(`${form}\n`)),
      )
    ).toString(),
  ).toBe('[secret]\n[secret]\n[secret]\n"[secret]"\n');
});

test('a value in base64 is hidden wherever it begins there, as in a Basic header', async () => {
  const value = 'P4ssw0rd?>of-many~bytes';
  for (const before of ['', 'u:', 'us:', 'user:'])
    for (const encoding of ['base64', 'base64url'] as const) {
      const header = Buffer.from(`${before}${value}, and more`).toString(encoding);
      const shown = (await masked([value], [Buffer.from(header)])).toString();
      const [head = '', tail = ''] = shown.split('[secret]');
      // What is left of the value is less than the three bytes that four characters hold, at either end.
      expect(shown).toContain('[secret]');
      expect(Buffer.from(head, encoding).length).toBeLessThan(before.length + 3);
      expect(tail.length).toBeLessThan((', and more'.length / 3 + 2) * 4);
    }
});

test('names and times are no secrets, and very short values are left alone', async () => {
  expect(valuesOf({ username: 'reporter', password: 'p', Expiration: '2030', n: 1 })).toEqual(['p']);
  expect((await masked(['p'], [Buffer.from('pipe')])).toString()).toBe('pipe');
});
