import { expect, test } from '@jest/globals';
import { usesInCloudTrail } from '../../src/audit/usage/cloud-trail.js';
import { covers, grantsOf, rolesOf } from '../../src/audit/usage/grants.js';
import { leaseHistories } from '../../src/audit/usage/history.js';
import { usageReport } from '../../src/audit/usage/report.js';
import type { Use } from '../../src/audit/usage/use.js';
import { useInVaultAudit } from '../../src/audit/usage/vault-audit.js';

const [task, lease] = ['tsk_abcdefgh', 'lse_abcdefgh123456'];
const minute = 60_000;

/** As CloudTrail writes a call of a session, with what of it does not matter left out. */
const called = (eventName: string, over: object = {}, session = 'j.abcdefgh.123456') => ({
  eventVersion: '1.11',
  eventTime: '2030-01-01T00:05:00Z',
  eventSource: 's3.amazonaws.com',
  eventName,
  userIdentity: {
    type: 'AssumedRole',
    principalId: `AROAEXAMPLE:${session}`,
    arn: `arn:aws:sts::111122223333:assumed-role/reports/${session}`,
    sessionContext: { sourceIdentity: 'j.abcdefgh' },
  },
  requestParameters: { bucketName: 'acme-reports', key: 'reports/q3.csv' },
  ...over,
});

test('a call in CloudTrail is that of the lease that its session is named for, as policies name what it did', () => {
  expect(
    usesInCloudTrail({ Records: [called('GetObject'), called('HeadObject', { errorCode: 'AccessDenied' })] }),
  ).toEqual([
    {
      at: Date.UTC(2030, 0, 1, 0, 5),
      action: 's3:GetObject',
      resource: 'arn:aws:s3:::acme-reports/reports/q3.csv',
      lease,
      task,
      by: 'j.abcdefgh.123456',
      of: '111122223333:reports',
      refused: false,
    },
    expect.objectContaining({ action: 's3:GetObject', refused: true }),
  ]);
});

test('in a chained role, whose session has another name, the SourceIdentity still names the task', () => {
  expect(usesInCloudTrail(called('GetObject', {}, 'etl-job'))).toEqual([
    expect.objectContaining({ task, by: 'etl-job' }),
  ]);
  expect(usesInCloudTrail(called('GetObject', {}, 'etl-job'))[0]).not.toHaveProperty('lease');
});

test('what users, services or nonsense did is none of ours', () => {
  const user = { userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/ann' } };
  expect(usesInCloudTrail([called('GetObject', user), {}, 'x', null])).toEqual([]);
  expect(usesInCloudTrail(undefined)).toEqual([]);
});

test('an answer in the audit of Vault is that of the lease that the metadata of its token name', () => {
  const line = {
    type: 'response',
    time: '2030-01-01T00:05:00.123456789Z',
    auth: {
      accessor: 'hmac-sha256:0123',
      display_name: `token-${lease}`,
      metadata: { lease, task, agent: 'a', entry: 'reports-db', broker: 'i' },
    },
    request: { operation: 'read', path: 'database/creds/reports' },
  };
  expect(useInVaultAudit(line)).toEqual({
    at: Date.UTC(2030, 0, 1, 0, 5, 0, 123),
    action: 'read',
    resource: 'database/creds/reports',
    lease,
    task,
    by: `token-${lease}`,
    of: 'i',
    refused: false,
  });
  expect(useInVaultAudit({ ...line, type: 'request' })).toBeUndefined();
  expect(useInVaultAudit({ ...line, auth: { metadata: { lease: 'of somebody' } } })).toBeUndefined();
  expect(useInVaultAudit({ ...line, error: '1 error occurred: permission denied' })?.refused).toBe(true);
});

test('what an entry grants is read from its session policy or its path, with anything for a parameter', () => {
  const statement = (Effect: string, Action: string | string[], Resource: string) => ({
    Effect,
    Action,
    Resource,
  });
  const sessionPolicy = {
    Statement: [
      statement('Allow', ['s3:Get*', 's3:PutObject'], 'arn:aws:s3:::b/{{prefix}}*'),
      statement('Deny', '*', '*'),
    ],
  };
  expect(grantsOf({ role: 'r', sessionPolicy })).toEqual([
    { action: 's3:Get*', resource: 'arn:aws:s3:::b/**' },
    { action: 's3:PutObject', resource: 'arn:aws:s3:::b/**' },
  ]);
  expect(grantsOf({ path: 'database/creds/{{role}}' })).toEqual([
    { action: 'read', resource: 'database/creds/*' },
  ]);
  expect(grantsOf({ deliver: 'token', policies: ['p'] })).toEqual([]);
  expect(rolesOf({ roles: ['arn:aws:iam::111122223333:role/jit/reports'] })).toEqual([
    '111122223333:reports',
  ]);
  expect([covers('s3:Get*', 'S3:getobject', true), covers('a.c', 'abc'), covers('a?c', 'abc')]).toEqual([
    true,
    false,
    true,
  ]);
});

function logged() {
  const histories = leaseHistories();
  const at = Date.UTC(2030, 0, 1);
  const told = (minutes: number, event: { type: string; [name: string]: unknown }) =>
    histories.add({ id: `${at + minutes * minute}-0`, event: { lease, task, agent: 'a', ...event } });
  told(0, { type: 'lease.reserved', asked: { entry: 'reports' } });
  told(0, { type: 'lease.active', expiresAt: at + 60 * minute });
  told(10, { type: 'lease.revoked' });
  return histories.leases;
}

const use = (minutes: number, over: Partial<Use> = {}): Use => ({
  at: Date.UTC(2030, 0, 1) + minutes * minute,
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::b/x',
  task,
  lease,
  by: 'j.abcdefgh.123456',
  of: '111122223333:reports',
  refused: false,
  ...over,
});

const granted = new Map([
  [
    'reports',
    [
      { action: 's3:GetObject', resource: 'arn:aws:s3:::b/*' },
      { action: 's3:PutObject', resource: '*' },
    ],
  ],
]);
const report = (...uses: Use[]) => usageReport(logged(), uses, granted, new Set(['111122223333:reports']));

test('AUD-07: what was granted and never used is told, per entry and agent', () => {
  const refused = use(6, { action: 's3:DeleteObject', refused: true });
  expect(report(use(5), use(7), refused)).toEqual({
    usage: [
      {
        entry: 'reports',
        agent: 'a',
        leases: 1,
        unusedLeases: 0,
        granted: [
          { action: 's3:GetObject', resource: 'arn:aws:s3:::b/*', used: 2, lastAt: use(7).at },
          { action: 's3:PutObject', resource: '*', used: 0 },
        ],
        refused: [{ action: 's3:DeleteObject', times: 1 }],
      },
    ],
    unexplained: [],
    undecided: 0,
  });
  expect(report().usage[0]).toMatchObject({ leases: 1, unusedLeases: 1 });
});

test.each<[string, Use]>([
  ['no lease', use(5, { lease: 'lse_abcdefgh999999' })],
  ['before it', use(-5)],
  ['after it', use(15)],
  [
    'unknown session',
    ((): Use => {
      const { lease: _lease, task: _task, ...nameless } = use(5, { by: 'someone' });
      return nameless;
    })(),
  ],
])('AUD-07: use that no lease explains is told: %s', (why, one) => {
  expect(report(one).unexplained).toEqual([{ why, use: one }]);
});

test('what is refused after the end of its lease is revocation at work; a minute is left to clocks', () => {
  expect(report(use(15, { refused: true }), use(10.5), use(-0.5)).unexplained).toEqual([]);
  const other = use(5, { by: 'x', of: '111122223333:not-ours' });
  const { lease: _lease, task: _task, ...nameless } = other;
  expect(report(nameless).unexplained).toEqual([]);
});
