import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { proveBearer } from '../../../src/identity/hooks/bearer.js';
import { Secret } from '../../../src/kernel/secret.js';

const word = 'a-word-between-the-two-of-us';
const rawBody = Buffer.from('{}');
const prove = (
  headers: Record<string, string>,
  settings: { header?: string; deliveryHeader?: string } = {},
) =>
  proveBearer({ headers, rawBody }, [new Secret('the-word-before-it'), new Secret(word)], {
    header: 'authorization',
    ...settings,
  });

test('a delivery with the secret is proven, and named for its body', () => {
  const { deliveryId } = prove({ authorization: `Bearer ${word}` });
  expect(deliveryId).toBe(`sha256:${createHash('sha256').update('{}').digest('hex')}`);
});

test('the sender may name its deliveries', () => {
  const settings = { deliveryHeader: 'idempotency-key' };
  const headers = { authorization: `Bearer ${word}`, 'idempotency-key': 'run-17' };
  expect(prove(headers, settings).deliveryId).toBe('run-17');
  expect(() => prove({ authorization: `Bearer ${word}` }, settings)).toThrow('prove');
});

test('the secret may be bare in a header of its own', () => {
  expect(() => prove({ 'x-gitlab-token': word }, { header: 'x-gitlab-token' })).not.toThrow();
  expect(() => prove({ 'x-gitlab-token': `Bearer ${word}` }, { header: 'x-gitlab-token' })).toThrow('prove');
});

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['another word', { authorization: 'Bearer another-word-altogether' }],
  ['half of it', { authorization: `Bearer ${word.slice(0, 10)}` }],
  ['it and more', { authorization: `Bearer ${word}x` }],
  ['it twice', { authorization: `Bearer ${word} ${word}` }],
  ['an empty one', { authorization: 'Bearer ' }],
  ['it bare', { authorization: word }],
])('a delivery with %s is unproven', (_what, headers) => {
  expect(() => prove(headers)).toThrow('The delivery does not prove who sent it.');
});
