import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { proveGithubDelivery } from '../../../src/identity/hooks/github.js';
import { Fault } from '../../../src/kernel/fault.js';
import { Secret } from '../../../src/kernel/secret.js';

// The example in GitHub's "Validating webhook deliveries".
const secret = new Secret("It's a Secret to Everybody");
const documented = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const rawBody: Buffer = Buffer.from('Hello, World!');
const delivery = '72d3162e-cc78-11e3-81ab-4c9367dc0958';

const prove = (headers: Record<string, string | undefined>, secrets = [secret], body = rawBody) =>
  proveGithubDelivery({ headers, rawBody: body }, secrets);

const headers = { 'x-hub-signature-256': documented, 'x-github-delivery': delivery };

test('REV-03 the example of the GitHub documentation is proven', () => {
  expect(prove(headers)).toEqual({ deliveryId: delivery });
});

test('either of two secrets will do', () => {
  expect(prove(headers, [new Secret('the next secret of the hook'), secret]).deliveryId).toBe(delivery);
});

test.each<[string, Record<string, string | undefined>, Buffer]>([
  ['no signature', { 'x-github-delivery': delivery }, rawBody],
  ['no delivery id', { 'x-hub-signature-256': documented }, rawBody],
  ['a signature by SHA-1', { ...headers, 'x-hub-signature-256': `sha1=${'a'.repeat(40)}` }, rawBody],
  ['a signature without its prefix', { ...headers, 'x-hub-signature-256': documented.slice(7) }, rawBody],
  ['a signature in capitals', { ...headers, 'x-hub-signature-256': documented.toUpperCase() }, rawBody],
  ['a shortened signature', { ...headers, 'x-hub-signature-256': documented.slice(0, -2) }, rawBody],
  ['another body', headers, Buffer.from('Hello, World! ')],
  [
    'a signature by another secret',
    {
      ...headers,
      'x-hub-signature-256': `sha256=${createHmac('sha256', 'x').update(rawBody).digest('hex')}`,
    },
    rawBody,
  ],
])('a delivery with %s is unproven', (_what, sent, body) => {
  let thrown: unknown;
  try {
    prove(sent, [secret], body);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(Fault);
  expect(thrown).toMatchObject({ code: 'hook.unproven', reason: expect.any(String) });
  expect((thrown as Fault).message).toBe('The delivery does not prove who sent it.');
});
