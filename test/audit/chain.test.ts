import { expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson } from '../../src/audit/chain.js';

test('the canonical JSON of whatever came from JSON is that of RFC 8785', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const fromJson: unknown = JSON.parse(JSON.stringify(value));
      expect(canonicalJson(fromJson)).toBe(canonicalize(fromJson));
    }),
    { numRuns: 1000 },
  );
});

test('names are in the order of their UTF-16 code units, those that look like numbers too', () => {
  // RFC 8785 section 3.2.3, and what JavaScript would put first.
  const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6', '10', '9'];
  const text = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])));
  expect(text).toBe(
    '{"\\r":0,"1":0,"10":0,"9":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}',
  );
});
