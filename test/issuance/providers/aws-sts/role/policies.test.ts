import { describe, expect, test } from '@jest/globals';
import { filledScope } from '../../../../../src/issuance/providers/aws-sts/scope.js';
import { fillTemplate } from '../../../../../src/policy/template.js';
import { type Case, ours, theirs } from '../../../../sandbox/aws/evaluator/oracle.js';
import { account, broker, entryOf, printed, role } from './printed-account.js';

const whole = entryOf({ cutOff: ['slices'] });
const denied = entryOf({ cutOff: ['deny'] });
const set = printed({}, [whole]);
const cut = printed({}, [denied]);

/** Whether it is allowed, by an evaluator that is not ours; ours has to say the same. */
async function may(asked: Omit<Case, 'resourceAccount' | 'context'> & { context?: Case['context'] }) {
  const full = { context: {}, resourceAccount: account, ...asked };
  const decision = await theirs(full);
  expect(ours(full)).toBe(decision);
  return decision === 'allowed';
}

const asBroker = (action: string, resource: string, context: Case['context'] = {}, policies = [set.opener]) =>
  may({ principal: { arn: broker, account }, action, resource, context, identity: policies });

const session = {
  arn: `arn:aws:sts::${account}:assumed-role/reports/j.tAAAAAAA.1`,
  account,
  roleArn: role,
};
const asAgent = (action: string, resource: string, more: Partial<Case> = {}) =>
  may({ principal: session, action, resource, identity: [cut.roles[0]!.permissions], ...more });

/** Everything that could take a deny off a role, or get round it. */
const escapes: readonly [string, string][] = [
  ['iam:DeleteRolePolicy', role],
  ['iam:PutRolePolicy', role],
  ['iam:AttachRolePolicy', role],
  ['iam:DeleteRolePermissionsBoundary', role],
  ['iam:UpdateAssumeRolePolicy', role],
  ['iam:PassRole', role],
  ['iam:CreatePolicyVersion', cut.roles[0]!.boundary!.arn],
  ['iam:CreateUser', `arn:aws:iam::${account}:user/new`],
  ['sts:AssumeRole', role],
  ['sts:TagSession', role],
];

describe('the broker, with the policy that is printed for it', () => {
  const assume = (name: string, action = 'sts:AssumeRole', principal = broker) =>
    may({
      principal: { arn: principal, account },
      action,
      resource: role,
      context: { 'sts:RoleSessionName': name },
      identity: [set.opener],
      trust: set.roles[0]!.trust,
    });

  test('opens, tags and names sessions of its prefix, and no others', async () => {
    for (const action of ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'])
      expect(await assume('j.tAAAAAAA.1', action)).toBe(true);
    expect(await assume('alice')).toBe(false);
    expect(await assume('j.tAAAAAAA.1', 'sts:AssumeRole', `arn:aws:iam::${account}:user/olga`)).toBe(false);
  });

  test('does nothing else: no other role, nothing of IAM, none of what agents do', async () => {
    expect(await asBroker('sts:AssumeRole', `arn:aws:iam::${account}:role/jit/other`)).toBe(false);
    expect(await asBroker('s3:GetObject', 'arn:aws:s3:::reports/quarterly/a.csv')).toBe(false);
    for (const [action, resource] of escapes)
      if (!action.startsWith('sts:')) expect(await asBroker(action, resource)).toBe(false);
  });

  test('writes denies on the role while that has its boundary, and changes nothing else of it', async () => {
    const policies = [cut.opener];
    const bounded = { 'iam:PermissionsBoundary': cut.roles[0]!.boundary!.arn };
    for (const action of ['iam:PutRolePolicy', 'iam:DeleteRolePolicy']) {
      expect(await asBroker(action, role, bounded, policies)).toBe(true);
      expect(await asBroker(action, role, {}, policies)).toBe(false);
      expect(await asBroker(action, `arn:aws:iam::${account}:role/admin`, bounded, policies)).toBe(false);
    }
    for (const action of ['iam:GetRolePolicy', 'iam:ListRolePolicies', 'iam:GetRole'])
      expect(await asBroker(action, role, bounded, policies)).toBe(true);
    for (const [action, resource] of escapes.filter(([name]) => !/^sts:|RolePolicy$/.test(name)))
      expect(await asBroker(action, resource, bounded, policies)).toBe(false);
    expect(await asBroker('iam:AttachRolePolicy', role, bounded, policies)).toBe(false);
  });

  test('looks and does not touch with the rights for checking', async () => {
    for (const action of ['iam:GetRole', 'iam:ListAttachedRolePolicies', 'iam:GetRolePolicy'])
      expect(await asBroker(action, role, {}, [set.check])).toBe(true);
    for (const [action, resource] of escapes)
      expect(await asBroker(action, resource, {}, [set.check])).toBe(false);
  });
});

describe('a session of the role, with the policy that is printed for it', () => {
  test('cannot take off its own deny, nor get round it, even with no session policy', async () => {
    for (const [action, resource] of escapes) expect(await asAgent(action, resource)).toBe(false);
  });

  test('reads what its entry allows, as far as the parameters can go', async () => {
    const scope = filledScope(fillTemplate(whole.mint, { prefix: 'quarterly/2026/' }));
    const object = (key: string) => ['s3:GetObject', `arn:aws:s3:::reports/${key}`] as const;
    const held = { session: scope.sessionPolicy };
    expect(await asAgent(...object('quarterly/2026/q3.csv'), held)).toBe(true);
    expect(await asAgent(...object('quarterly/2025/q3.csv'), held)).toBe(false);
    expect(await asAgent(...object('quarterly/2025/q3.csv'))).toBe(true);
    expect(await asAgent(...object('payroll.csv'))).toBe(false);
    expect(await asAgent('s3:PutObject', 'arn:aws:s3:::reports/quarterly/a.csv')).toBe(false);
  });

  test('gains nothing from what a broker that is taken over writes into the role', async () => {
    const more = {
      identity: [
        cut.roles[0]!.permissions,
        { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
      ],
      boundary: cut.roles[0]!.boundary!.document,
    };
    for (const [action, resource] of escapes.filter(([name]) => name.startsWith('iam:')))
      expect(await asAgent(action, resource, more)).toBe(false);
    expect(await asAgent('s3:GetObject', 'arn:aws:s3:::reports/payroll.csv', more)).toBe(false);
    expect(await asAgent('s3:GetObject', 'arn:aws:s3:::reports/quarterly/a.csv', more)).toBe(true);
  });
});

test('through a role on the way it is that role that opens sessions, and the broker only opens it', () => {
  const door = `arn:aws:iam::${account}:role/door`;
  const { roles, opener, broker: own } = printed({ via: { role: door } });
  expect(roles[0]?.trust.Statement[0]).toMatchObject({ Principal: { AWS: door } });
  expect(opener.Statement[0]).toMatchObject({
    Action: expect.arrayContaining(['sts:AssumeRole']),
    Resource: role,
  });
  expect(own?.Statement).toEqual([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: door }]);
});

test('a revoker writes the denies of its account, and the broker only becomes it', async () => {
  const revoker = `arn:aws:iam::${account}:role/revoker`;
  const { opener, revokers } = printed({ revokers: { [account]: { role: revoker } } }, [denied]);
  const bounded = { 'iam:PermissionsBoundary': cut.roles[0]!.boundary!.arn };
  expect(await asBroker('iam:PutRolePolicy', role, bounded, [opener])).toBe(false);
  expect(await asBroker('sts:AssumeRole', revoker, {}, [opener])).toBe(true);
  expect(revokers.map((one) => one.role)).toEqual([revoker]);
  expect(await asBroker('iam:PutRolePolicy', role, bounded, [revokers[0]!.permissions])).toBe(true);
});

test('denies that stand in a boundary take rights on that policy, and none on the role', async () => {
  const boundary = `arn:aws:iam::${account}:policy/cut`;
  const { opener } = printed({ boundary }, [denied]);
  for (const action of ['iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion', 'iam:ListPolicyVersions'])
    expect(await asBroker(action, boundary, {}, [opener])).toBe(true);
  expect(await asBroker('iam:PutRolePolicy', role, {}, [opener])).toBe(false);
  expect(await asBroker('iam:CreatePolicyVersion', boundary.replace('cut', 'other'), {}, [opener])).toBe(
    false,
  );
});

test('a parameter in a resource becomes as wide as it can be, and a condition on one is left to the session', () => {
  const parameters = {
    prefix: { type: 'path', within: 'quarterly/' },
    team: { type: 'enum', values: ['a', 'b'] },
  } as const;
  const sessionPolicy = {
    Statement: [
      { Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: 'arn:aws:s3:::{{team}}-reports',
        Condition: { StringLike: { 's3:prefix': '{{prefix}}*' }, Bool: { 'aws:SecureTransport': true } },
      },
    ],
  };
  const { roles } = printed({}, [entryOf({ sessionPolicy, cutOff: [] }, { parameters })]);
  expect(roles[0]?.permissions.Statement).toEqual([
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::*-reports',
      Condition: { Bool: { 'aws:SecureTransport': true } },
    },
  ]);
});
