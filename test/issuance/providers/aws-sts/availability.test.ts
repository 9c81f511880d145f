import { expect, test } from '@jest/globals';
import { watchAvailability } from '../../../../src/issuance/providers/aws-sts/availability.js';
import { AwsRefusal } from '../../../../src/issuance/providers/aws-sts/refusal.js';
import { arnOf } from '../../../sandbox/aws/reports-account.js';

const refusal = (awsCode: string, action = 'GetScopedCredentials') =>
  new AwsRefusal('provider.refused', 'AWS STS refused.', { action, awsCode, reason: 'as AWS said' });

test('a role that cannot be sliced is left alone for ten minutes, and told of once', () => {
  let now = 0;
  const told: string[] = [];
  const available = watchAvailability(
    () => now,
    (_facts, message) => told.push(message),
  );
  expect(available.has(arnOf('a'))).toBe(true);
  expect(available.isGone(arnOf('a'), refusal('AccessDenied'))).toBe(true);
  expect([available.has(arnOf('a')), available.has(arnOf('b'))]).toEqual([false, true]);
  now = 599_999;
  expect(available.has(arnOf('a'))).toBe(false);
  now = 600_000;
  expect(available.has(arnOf('a'))).toBe(true);
  expect(available.isGone(arnOf('a'), refusal('InvalidAction'))).toBe(true);
  expect(told).toHaveLength(1);
});

test.each([
  ['of another call', refusal('AccessDenied', 'AssumeRole')],
  ['of another kind', refusal('MalformedPolicyDocument')],
  ['that AWS did not make', new Error('AccessDenied')],
])('a refusal %s says nothing about slices', (_name, thrown) => {
  const available = watchAvailability(
    () => 0,
    () => {},
  );
  expect(available.isGone(arnOf('a'), thrown)).toBe(false);
  expect(available.has(arnOf('a'))).toBe(true);
});
