import { expect, test } from '@jest/globals';
import { ask, askFor, entryOf, reports, rule } from './folder.js';
import { policyOf } from './loaded.js';

test('POL-08: a forbid that cannot be evaluated denies, with its error, and is not remembered as an answer', () => {
  const overflow = `resource.riskTier * ${2n ** 62n} * 4 > 0`;
  const policy = policyOf(rule('permit', 'all') + rule('forbid', 'broken', overflow));
  for (const _ of [1, 2])
    expect(policy.decide(askFor(reports))).toMatchObject({
      is: 'deny',
      errors: [expect.stringMatching(/^broken: .*overflow/)],
    });
});

test('POL-08: a permit that cannot be evaluated denies even beside one that can', () => {
  const policy = policyOf(
    rule('permit', 'all') + rule('permit', 'broken', `resource.riskTier * ${2n ** 62n} * 4 > 0`),
  );
  expect(policy.decide(askFor(reports))).toMatchObject({ is: 'deny', errors: [expect.any(String)] });
});

test('POL-08: an error that only an approval would bring out is a deny with that error', () => {
  const policy = policyOf(
    rule('permit', 'all') +
      ask +
      rule('forbid', 'broken', `context.verified.approved && resource.riskTier * ${2n ** 62n} * 4 > 0`),
  );
  expect(policy.decide(askFor(reports))).toMatchObject({
    is: 'deny',
    errors: [expect.stringMatching(/^broken/)],
  });
});

test('POL-08: an entry that the catalog of the policy does not have is denied with an error', () => {
  const decision = policyOf(rule('permit', 'all')).decide(askFor(entryOf('elsewhere')));
  expect(decision).toMatchObject({ is: 'deny', errors: [expect.stringContaining('no such entry')] });
});

test('POL-08: a policy that was closed denies everything, what it remembers too', () => {
  const policy = policyOf(rule('permit', 'all'));
  expect(policy.decide(askFor(reports)).is).toBe('permit');
  policy.close();
  policy.close();
  expect(policy.decide(askFor(reports))).toMatchObject({
    is: 'deny',
    errors: [expect.stringContaining('in force')],
  });
});

test('POL-08: text that is no Unicode is denied before it reaches the engine, and such a sequence in words is not', () => {
  const policy = policyOf(rule('permit', 'all', 'context.asserted.reason != "x"'));
  for (const reason of ['\ud800', 'a\udfffb', '\\\ud800'])
    expect(policy.decide(askFor(reports, { asserted: { reason } }))).toMatchObject({
      is: 'deny',
      errors: [expect.stringContaining('Unicode')],
    });
  for (const reason of ['C:\\udata', '\\\\ud800', '\u{1f600}', 'é'])
    expect(policy.decide(askFor(reports, { asserted: { reason } })).is).toBe('permit');
});

test('decide never throws, whatever it is given', () => {
  const policy = policyOf(rule('permit', 'all', 'context.verified.ttlSeconds > 1 && !principal.hasTag("a")'));
  for (const broken of [
    askFor(reports, { ttlSeconds: 1n as unknown as number }),
    askFor(reports, { ttlSeconds: 1.5 }),
    askFor(reports, { ttlSeconds: NaN }),
    { ...askFor(reports), principal: undefined as never },
  ]) {
    const decision = policy.decide(broken);
    expect(decision).toMatchObject({ is: 'deny', because: [], errors: [expect.any(String)] });
  }
});
