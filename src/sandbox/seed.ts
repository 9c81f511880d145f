import type { AwsSeed } from './aws/seed.js';
import type { VaultStandInOptions } from './vault/stand-in.js';

const account = '111122223333';
const broker = `arn:aws:iam::${account}:user/protem`;
const statement = (Action: string | string[], Resource: string | string[]) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
});

const reports = statement('s3:*', ['arn:aws:s3:::acme-reports', 'arn:aws:s3:::acme-reports/*']);
const jitRole = (name: string, policies: Record<string, object>) => ({
  name,
  path: '/jit/',
  trust: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: broker },
        Action: 'sts:AssumeRole',
        Condition: { StringLike: { 'sts:RoleSessionName': 'j.*' } },
      },
      { Effect: 'Allow', Principal: { AWS: broker }, Action: ['sts:TagSession', 'sts:SetSourceIdentity'] },
    ],
  },
  policies,
});

/**
 * An account as aws-sts/README.md asks for it: a broker that may assume one role and deny on it, and a role wider than
 * any session.
 */
export const awsSeed = (secretAccessKey: string): AwsSeed => ({
  accounts: [
    {
      id: account,
      users: [
        {
          name: 'protem',
          accessKeys: [{ accessKeyId: 'AKIASANDBOXBROKER001', secretAccessKey }],
          policies: {
            broker: statement(
              ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
              `arn:aws:iam::${account}:role/jit/*`,
            ),
            'cut-off': statement(
              [
                'iam:GetRole',
                'iam:ListRolePolicies',
                'iam:GetRolePolicy',
                'iam:PutRolePolicy',
                'iam:DeleteRolePolicy',
              ],
              `arn:aws:iam::${account}:role/jit/*`,
            ),
            // For `protem aws check`, and only for that.
            check: statement(
              [
                'iam:GetRole',
                'iam:GetRolePolicy',
                'iam:ListAttachedRolePolicies',
                'iam:ListRolePolicies',
                'iam:SimulatePrincipalPolicy',
              ],
              '*',
            ),
          },
        },
      ],
      roles: [
        jitRole('reports-reader', { reports }),
        jitRole('reports-slices', { reports, slices: statement('sts:GetScopedCredentials', '*') }),
      ],
      buckets: [
        {
          name: 'acme-reports',
          objects: {
            'reports/2026/q3.csv': 'region,total\nnorth,42\n',
            'reports/2025/q4.csv': 'region,total\nnorth,40\n',
            'payroll/2026.csv': 'nobody,should,read,this\n',
          },
        },
      ],
    },
  ],
});

const mayRead = (path: string) => `path "${path}" { capabilities = ["read"] }`;

/** A Vault as vault/README.md asks for it: the broker logs in by AppRole and has the documented rights and no more. */
export const vaultSeed = (secretId: string): VaultStandInOptions => ({
  policies: {
    'protem-broker': [
      'path "auth/token/create-orphan" { capabilities = ["update", "sudo"] }',
      'path "auth/token/lookup-accessor" { capabilities = ["update"] }',
      'path "auth/token/revoke-accessor" { capabilities = ["update"] }',
      'path "auth/token/accessors" { capabilities = ["list", "sudo"] }',
      'path "auth/token/accessors/" { capabilities = ["list", "sudo"] }',
      'path "auth/token/renew-accessor" { capabilities = ["update"] }',
      'path "sys/leases/renew" { capabilities = ["update"] }',
      'path "sys/leases/revoke" { capabilities = ["update"] }',
    ].join('\n'),
    'reports-readonly': mayRead('database/creds/reports-readonly'),
    'payments-admin': mayRead('database/creds/payments-admin'),
  },
  appRoles: [{ roleId: 'protem', secretId, policies: ['protem-broker'], ttlSeconds: 3600 }],
  databaseRoles: {
    'reports-readonly': { ttlSeconds: 3600 },
    'payments-admin': { ttlSeconds: 900 },
  },
});
