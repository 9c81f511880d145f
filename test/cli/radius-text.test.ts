import { expect, test } from '@jest/globals';
import { radiusText } from '../../src/cli/revoke-many.js';

test.each([
  [{ total: 0, byProvider: {}, approvals: 0 }, 'revokes 0 leases'],
  [{ total: 1, byProvider: { aws: 1 }, approvals: 0 }, 'revokes 1 lease (1 of aws)'],
  [
    { total: 3, byProvider: { aws: 1, vault: 2 }, approvals: 1 },
    'revokes 3 leases (1 of aws, 2 of vault) and 1 open approval',
  ],
  [{ total: 0, byProvider: {}, approvals: 2 }, 'revokes 0 leases and 2 open approvals'],
])('before it stops anything, the command line says what goes: %j', (radius, said) => {
  expect(radiusText(radius)).toBe(said);
});
