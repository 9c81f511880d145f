import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bodyText, parseLease } from '../../src/ledger/lease-record.js';

const id = 'lse_AAAAAAAABBBBBB';
const head = JSON.stringify(['ar', 'vault', 1_795_742_807_814, 3_600_000]);
const lease = { id, agent: 'a', entry: 'e', parameters: {} };

test('a handle is read as it was written, whatever it says', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(id, '=', '==', `=${id}`),
    fc.string().map((rest) => `=${rest}`),
  );
  const handles = fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.oneof(text, fc.integer(), fc.boolean()),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(handles, (handle) => {
      expect(parseLease(id, `${head}\n${bodyText({ ...lease, handle })}`)?.handle).toEqual(handle);
    }),
  );
});

test('a lease does not spell out its own id, nor a ceiling that is its end', () => {
  const text = bodyText({ ...lease, handle: { lease: id } });
  expect(text).not.toContain(id);
  expect(parseLease(id, `${head}\n${text}`)).toMatchObject({
    handle: { lease: id },
    state: 'active',
    effect: 'revoked_at_provider',
    expiresAt: 1_795_746_407_814,
    ceilingAt: 1_795_746_407_814,
  });
});

test.each(['{}', '[]', '["ar"]', 'null', '["zr","vault",1,2]'])('%s is not the head of a lease', (other) => {
  expect(parseLease(id, `${other}\n${bodyText({ ...lease, handle: {} })}`)).toBeUndefined();
});
