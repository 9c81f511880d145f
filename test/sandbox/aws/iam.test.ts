import {
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from '@jest/globals';
import type { AwsStandIn } from '../../../src/sandbox/aws/stand-in.js';
import { iamOf, s3Of, session, start } from './clients.js';
import { account, arnOf, trust } from './reports-account.js';

const denyTask = (task: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'U1',
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: { StringLike: { 'aws:userid': [`*:j.${task}.*`] } },
      },
    ],
  });

const put = (standIn: AwsStandIn, PolicyDocument: string, PolicyName = 'revocations', RoleName = 'reports') =>
  iamOf(standIn).send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));

const read = (standIn: AwsStandIn, key: Awaited<ReturnType<typeof session>>) =>
  s3Of(standIn, key).send(new GetObjectCommand({ Bucket: 'reports', Key: 'top.txt' }));

test('a deny that is put into the role cuts off one task at once, and leaves the others alone', async () => {
  const standIn = await start();
  const a = await session(standIn, { RoleSessionName: 'j.tAAAAAAA.1' });
  const b = await session(standIn, { RoleSessionName: 'j.tBBBBBBB.1' });
  await read(standIn, a);
  await put(standIn, denyTask('tAAAAAAA'));
  await expect(read(standIn, a)).rejects.toMatchObject({
    name: 'AccessDenied',
    message: expect.stringContaining('with an explicit deny in an identity-based policy'),
  });
  await read(standIn, b);
});

test('what is put is read, listed and deleted again, and the last writer wins', async () => {
  const standIn = await start();
  const iam = iamOf(standIn);
  await put(standIn, denyTask('first'));
  await put(standIn, denyTask('second'));
  const of = { RoleName: 'reports', PolicyName: 'revocations' };
  const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand(of));
  expect(decodeURIComponent(PolicyDocument)).toBe(denyTask('second'));
  const list = () => iam.send(new ListRolePoliciesCommand({ RoleName: 'reports' }));
  expect((await list()).PolicyNames).toEqual(['reports', 'revocations']);
  await iam.send(new DeleteRolePolicyCommand(of));
  expect((await list()).PolicyNames).toEqual(['reports']);
  for (const command of [new GetRolePolicyCommand(of), new DeleteRolePolicyCommand(of)])
    await expect(iam.send(command as GetRolePolicyCommand)).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
});

test('lists come in pages', async () => {
  const standIn = await start();
  for (const name of ['b', 'c']) await put(standIn, denyTask('x'), name);
  const page = (Marker?: string) =>
    iamOf(standIn).send(new ListRolePoliciesCommand({ RoleName: 'reports', MaxItems: 2, Marker }));
  const first = await page();
  expect(first).toMatchObject({ PolicyNames: ['b', 'c'], IsTruncated: true });
  expect(await page(first.Marker)).toMatchObject({ PolicyNames: ['reports'], IsTruncated: false });
});

test('10,240 characters of inline policies are the limit, all of a role together, white space not counted', async () => {
  const standIn = await start();
  const used = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
  }).length;
  const sized = (length: number) => denyTask('x'.repeat(length - denyTask('').length));
  await put(standIn, sized(10_240 - used));
  await put(standIn, `   ${sized(10_240 - used)}\n`);
  await expect(put(standIn, sized(10_241 - used))).rejects.toMatchObject({
    name: 'LimitExceededException',
    message: 'Maximum policy size of 10240 bytes exceeded for role reports',
  });
  await expect(put(standIn, denyTask('one-more'), 'another')).rejects.toMatchObject({
    name: 'LimitExceededException',
  });
});

test('a role is described with its trust policy, its id and its boundary', async () => {
  const { Role } = await iamOf(await start()).send(new GetRoleCommand({ RoleName: 'bounded' }));
  expect(Role).toMatchObject({
    Path: '/jit/',
    Arn: arnOf('bounded'),
    RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
    MaxSessionDuration: 3600,
    PermissionsBoundary: { PermissionsBoundaryArn: `arn:aws:iam::${account}:policy/only-listing` },
  });
  const expected = trust(
    `arn:aws:iam::${account}:user/broker`,
    ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    {
      Condition: { StringLike: { 'sts:RoleSessionName': 'j.*' } },
    },
  );
  expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''))).toEqual(expected);
});

test('who may not is refused, and who may is told what is wrong', async () => {
  const standIn = await start();
  const key = await session(standIn);
  const asSession = iamOf(standIn, key).send(new GetRoleCommand({ RoleName: 'reports' }));
  await expect(asSession).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(put(standIn, denyTask('x'), 'p', 'guarded')).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(put(standIn, '{}')).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
  await expect(put(standIn, denyTask('x'), 'no spaces')).rejects.toMatchObject({ name: 'ValidationError' });
  // What does not exist has no path, so only the name stands in its ARN, and that is not allowed here.
  await expect(put(standIn, denyTask('x'), 'p', 'nope')).rejects.toMatchObject({ name: 'AccessDenied' });
});
