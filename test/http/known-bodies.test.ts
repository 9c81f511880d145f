import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { parseJson } from '../../src/http/body.js';
import { knownBodies } from '../../src/http/known-bodies.js';
import { parse } from '../../src/http/parse.js';

const schema = z.strictObject({
  name: z.string().max(3000),
  inside: z.record(z.string(), z.unknown()).default({}),
  seconds: z.number().transform(String).optional(),
});

function sent(body: Buffer, type = 'application/json'): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  req.headers = { 'content-type': type };
  req.push(body);
  req.push(null);
  return req;
}
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const codeOf = (asked: Promise<unknown>) => asked.then(String, (fault: { code: string }) => fault.code);

test('in whatever order bodies come, each is what it would be alone', async () => {
  const body = fc.oneof(
    fc
      .record(
        { name: fc.string({ unit: 'grapheme', maxLength: 3 }), seconds: fc.integer() },
        { requiredKeys: [] },
      )
      .map(json),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.constantFrom('é', 'Ã©', '\u00c3', 'x'), fc.constantFrom<BufferEncoding>('utf8', 'latin1'))
      .map(([name, encoding]) => Buffer.from(`{"name":"${name}"}`, encoding)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(body, { maxLength: 20 }), async (bodies) => {
      const known = knownBodies(schema);
      for (const bytes of [...bodies, ...bodies]) {
        const alone = (async () => Promise.resolve(parse(schema, parseJson(bytes))))();
        const [was, is] = await Promise.allSettled([alone, known(sent(bytes), 4096)]);
        expect(is).toEqual(was);
      }
    }),
  );
});

test('the second of two that are the same is not parsed again, and neither can be changed', async () => {
  const known = knownBodies(schema);
  const body = json({ name: 'a', inside: { list: [{ deep: 1 }] } });
  const [first, second] = [await known(sent(body), 4096), await known(sent(body), 4096)];
  expect(second).toBe(first);
  expect(() => {
    (first.inside['list'] as { deep: number }[])[0]!.deep = 2;
  }).toThrow(TypeError);
  expect(() => {
    first.inside['more'] = 1;
  }).toThrow(TypeError);
});

test('one that is known by its bytes is refused all the same where it says it is no JSON, or is too large', async () => {
  const known = knownBodies(schema);
  const body = json({ name: 'a' });
  await known(sent(body), 4096);
  expect(await codeOf(known(sent(body, 'text/plain'), 4096))).toBe('request.media_type');
  expect(await codeOf(known(sent(body), 4))).toBe('request.too_large');
});

test('of a long one nothing is kept', async () => {
  const known = knownBodies(schema);
  const body = json({ name: 'a'.repeat(1100) });
  expect(await known(sent(body), 4096)).not.toBe(await known(sent(body), 4096));
});
