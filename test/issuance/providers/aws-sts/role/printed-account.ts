import { awsSts } from '../../../../../src/issuance/providers/aws-sts/index.js';
import { type PolicySet, policySet } from '../../../../../src/issuance/providers/aws-sts/role/policies.js';
import type { CatalogEntry } from '../../../../../src/policy/catalog.js';
import type { AwsSeed, RoleSeed } from '../../../../../src/sandbox/aws/seed.js';

export const account = '111122223333';
export const broker = `arn:aws:iam::${account}:user/protem`;
export const role = `arn:aws:iam::${account}:role/jit/reports`;

export const settingsOf = (more: object = {}) => awsSts.settings.parse({ region: 'eu-central-1', ...more });

export const entryOf = (mint: object = {}, more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  name: 'reports',
  description: 'Reports.',
  provider: 'aws',
  sensitivity: 'internal',
  environment: 'production',
  riskTier: 1,
  maximumTtlSeconds: 3600,
  defaultTtlSeconds: 900,
  parameters: { prefix: { type: 'path', within: 'quarterly/' } },
  mint: awsSts.scope.parse({
    role,
    sessionPolicy: {
      Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::reports/{{prefix}}*' },
    },
    tags: true,
    sourceIdentity: true,
    cutOff: ['slices'],
    ...mint,
  }),
  ...more,
});

export const printed = (more: object = {}, entries = [entryOf()]): PolicySet =>
  policySet(settingsOf(more), entries, broker);

/** An account set up exactly as the printed policies say, unless a test changes a part of it. */
export function accountOf(
  set: PolicySet,
  changed: { readonly role?: Partial<RoleSeed>; readonly broker?: Record<string, object> } = {},
): AwsSeed {
  const [only] = set.roles;
  return {
    accounts: [
      {
        id: account,
        users: [
          {
            name: 'protem',
            accessKeys: [
              { accessKeyId: 'AKIAPROTEMCHECK00001', secretAccessKey: 'not-a-real-secret-of-check' },
            ],
            policies: { opener: set.opener, check: set.check, ...changed.broker },
          },
        ],
        roles: [
          {
            name: 'reports',
            path: '/jit/',
            trust: only!.trust,
            attachedPolicies: [`arn:aws:iam::${account}:policy/reports`],
            ...changed.role,
          },
        ],
        managedPolicies: {
          reports: only!.permissions,
          'only-s3': allow('s3:*'),
          everything: allow('*'),
        },
      },
    ],
  };
}

export const allow = (Action: string | string[], more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*', ...more }],
});
