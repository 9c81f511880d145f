import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseSpiffeId } from '../../src/identity/spiffe-id.js';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const inTrustDomain = `${lower}0123456789.-_`;
const inPath = `${inTrustDomain}${lower.toUpperCase()}`;

// What go-spiffe's id_test.go walks through: every character up to 255 but the slash, in either place.
const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
  (c) => c !== '/',
);

test('WID-02: each of the 510 single-character cases is judged as go-spiffe judges it', () => {
  expect(characters).toHaveLength(255);
  const accepted = { trustDomain: 0, path: 0 };
  for (const character of characters) {
    const trustDomain = `trustdomain${character}`;
    expect(parseSpiffeId(`spiffe://${trustDomain}/path`)).toEqual(
      inTrustDomain.includes(character) ? { trustDomain, path: '/path' } : undefined,
    );
    expect(parseSpiffeId(`spiffe://trustdomain/path${character}`)).toEqual(
      inPath.includes(character) ? { trustDomain: 'trustdomain', path: `/path${character}` } : undefined,
    );
    accepted.trustDomain += inTrustDomain.includes(character) ? 1 : 0;
    accepted.path += inPath.includes(character) ? 1 : 0;
  }
  expect(accepted).toEqual({ trustDomain: 39, path: 65 });
});

test.each([
  ['', 'empty'],
  ['s', 'no scheme'],
  ['spiffe:/', 'half a scheme'],
  ['Spiffe://trustdomain/path', 'scheme in capitals'],
  ['spiffe://', 'no trust domain'],
  ['spiffe:///', 'no trust domain'],
  ['spiffe:///path', 'no trust domain'],
  ['spiffe://trustdomain/', 'slash at the end'],
  ['spiffe://trustdomain/path/', 'slash at the end'],
  ['spiffe://trustdomain//', 'empty segment'],
  ['spiffe://trustdomain//path', 'empty segment'],
  ['spiffe://trustdomain/.', 'dot segment'],
  ['spiffe://trustdomain/./path', 'dot segment'],
  ['spiffe://trustdomain/path/./other', 'dot segment'],
  ['spiffe://trustdomain/..', 'dot segment'],
  ['spiffe://trustdomain/path/..', 'dot segment'],
  ['spiffe://trustdomain/../path', 'dot segment'],
  ['spiffe://trustdomain/path/../other', 'dot segment'],
  ['spiffe://%F0%9F%A4%AF/path', 'percent'],
  ['spiffe://trustdomain/%F0%9F%A4%AF', 'percent'],
  ['spiffe://%62%61%64/path', 'percent'],
  ['spiffe://trustdomain/%62%61%64', 'percent'],
  ['spiffe://user@trustdomain/path', 'user'],
  ['spiffe://trustdomain:8080/path', 'port'],
  ['spiffe://trustdomain/path?query', 'query'],
  ['spiffe://trustdomain/path#fragment', 'fragment'],
  ['spiffe://trustdomain/path\n', 'newline at the end'],
  [' spiffe://trustdomain/path', 'blank at the start'],
  [`spiffe://${'a'.repeat(256)}/path`, 'trust domain over 255 bytes'],
  [`spiffe://trustdomain/${'a'.repeat(2048)}`, 'over 2048 bytes'],
])('WID-02: %s is no SPIFFE ID (%s)', (text) => {
  expect(parseSpiffeId(text)).toBeUndefined();
});

test.each([
  ['spiffe://trustdomain', ''],
  ['spiffe://trustdomain/.path', '/.path'],
  ['spiffe://trustdomain/..path', '/..path'],
  ['spiffe://trustdomain/...', '/...'],
  ['spiffe://trustdomain/a/B/c_d-e.f', '/a/B/c_d-e.f'],
  [`spiffe://trustdomain/${'a'.repeat(2048 - 21)}`, `/${'a'.repeat(2048 - 21)}`],
])('WID-02: %s is one', (text, path) => {
  expect(parseSpiffeId(text)).toEqual({ trustDomain: 'trustdomain', path });
});

test('WID-02: what is accepted is spelled exactly one way', () => {
  const almost = fc.stringMatching(/^spiffe:\/\/[a-zA-Z.%@:]{0,6}(\/[a-zA-Z.%?#]{0,3}){0,3}$/);
  fc.assert(
    fc.property(almost, (text) => {
      const id = parseSpiffeId(text);
      if (id === undefined) return;
      expect(`spiffe://${id.trustDomain}${id.path}`).toBe(text);
      expect(id.path.split('/').slice(1)).not.toContain('..');
      expect(id.path.endsWith('/')).toBe(false);
    }),
    { numRuns: 1000 },
  );
});
