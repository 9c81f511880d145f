import type { AwsSeed, RoleSeed } from '../../../src/sandbox/aws/seed.js';

export const account = '111122223333';
export const otherAccount = '999988887777';
export const brokerArn = `arn:aws:iam::${account}:user/broker`;

const allow = (Action: string | string[], Resource: string, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource, ...more }],
});

/** Trusts the broker to open sessions with its prefix, and to name and tag them. */
export const trust = (AWS: string, actions: string[], more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: actions, ...more }],
});

const everyAction = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

const role = (name: string, more: Partial<RoleSeed> = {}): RoleSeed => ({
  name,
  path: '/jit/',
  trust: trust(brokerArn, everyAction, { Condition: { StringLike: { 'sts:RoleSessionName': 'j.*' } } }),
  policies: { reports: allow('s3:*', '*') },
  ...more,
});

export const arnOf = (name: string, of = account) => `arn:aws:iam::${of}:role/jit/${name}`;

/** An account with a broker, some roles it may assume, and a bucket of reports; and another account beside it. */
export const seed: AwsSeed = {
  accounts: [
    {
      id: account,
      users: [
        {
          name: 'broker',
          accessKeys: [
            {
              accessKeyId: 'AKIAPROTEMSANDBOX001',
              secretAccessKey: 'not-a-real-secret-of-the-broker-000000',
            },
          ],
          policies: {
            assume: allow([...everyAction], '*'),
            revoke: allow(
              ['iam:*RolePolicy', 'iam:ListRolePolicies', 'iam:GetRole'],
              'arn:aws:iam::*:role/jit/*',
            ),
            'not-guarded': {
              Version: '2012-10-17',
              Statement: [{ Effect: 'Deny', Action: 'iam:PutRolePolicy', Resource: arnOf('guarded') }],
            },
          },
        },
        {
          name: 'nobody',
          accessKeys: [
            {
              accessKeyId: 'AKIAPROTEMSANDBOX002',
              secretAccessKey: 'not-a-real-secret-of-nobody-0000000000',
            },
          ],
        },
      ],
      roles: [
        role('reports', { tags: { team: 'finance' } }),
        role('long', { maxSessionSeconds: 43_200 }),
        role('sliced', { policies: { reports: allow(['s3:*', 'sts:GetScopedCredentials'], '*') } }),
        role('guarded'),
        role('bounded', { boundary: `arn:aws:iam::${account}:policy/only-listing` }),
        role('plain', { trust: trust(brokerArn, ['sts:AssumeRole']) }),
        role('closed', { trust: trust(arnOf('nobody'), ['sts:AssumeRole']) }),
        role('ours', { trust: trust(account, everyAction) }),
        role('hop', {
          trust: trust(arnOf('reports'), everyAction),
          policies: { all: allow('s3:*', '*') },
        }),
      ],
      managedPolicies: {
        'only-listing': allow('s3:ListBucket', '*'),
        'read-reports': allow('s3:GetObject', 'arn:aws:s3:::reports/*'),
      },
      buckets: [
        {
          name: 'reports',
          objects: {
            'q3/summary.csv': 'region,total\nnorth,42\n',
            'q3/détails + más.csv': 'x',
            'q4/summary.csv': 'region,total\n',
            'top.txt': 'top',
          },
        },
      ],
    },
    {
      id: otherAccount,
      roles: [
        {
          name: 'door',
          path: '/jit/',
          trust: trust(brokerArn, ['sts:AssumeRole'], {
            Condition: { StringEquals: { 'sts:ExternalId': 'the-other-one' } },
          }),
          policies: { on: allow(everyAction, '*') },
        },
        {
          name: 'inner',
          path: '/jit/',
          trust: trust(arnOf('door', otherAccount), everyAction),
          policies: { reports: allow('s3:*', '*') },
        },
      ],
      buckets: [{ name: 'inner-reports', objects: { 'a.txt': 'inner' } }],
    },
  ],
};

export const nobodysKey = {
  accessKeyId: 'AKIAPROTEMSANDBOX002',
  secretAccessKey: 'not-a-real-secret-of-nobody-0000000000',
};

/** Reads one prefix of the bucket, and lists it. */
export const readPrefix = (prefix: string) => ({
  Version: '2012-10-17' as const,
  Statement: [
    { Effect: 'Allow' as const, Action: 's3:GetObject', Resource: `arn:aws:s3:::reports/${prefix}/*` },
    {
      Effect: 'Allow' as const,
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::reports',
      Condition: { StringLike: { 's3:prefix': `${prefix}/*` } },
    },
  ],
});
