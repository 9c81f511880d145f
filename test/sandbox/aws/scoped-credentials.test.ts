import { DeleteRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  type GetScopedCredentialsCommandInput,
} from '@aws-sdk/client-sts';
import { describe, expect, test } from '@jest/globals';
import type { AwsStandIn } from '../../../src/sandbox/aws/stand-in.js';
import { iamOf, s3Of, session, start, stsOf } from './clients.js';
import { account, arnOf, readPrefix } from './reports-account.js';

type Key = Awaited<ReturnType<typeof session>>;

const parent = (standIn: AwsStandIn, input: object = {}) =>
  session(standIn, { RoleArn: arnOf('sliced'), ...input });

const slice = (standIn: AwsStandIn, key: Key | undefined, input: GetScopedCredentialsCommandInput) =>
  stsOf(standIn, key).send(new GetScopedCredentialsCommand(input));

async function keyOf(standIn: AwsStandIn, key: Key, policy: object, seconds = 300): Promise<Key> {
  const { Credentials: made } = await slice(standIn, key, {
    Policy: JSON.stringify(policy),
    DurationSeconds: seconds,
  });
  return {
    accessKeyId: made?.AccessKeyId ?? '',
    secretAccessKey: made?.SecretAccessKey ?? '',
    sessionToken: made?.SessionToken ?? '',
  };
}

const allow = (Action: string | string[], Resource = '*') => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
});
const again = allow(['s3:*', 'sts:GetScopedCredentials']);

const read = (standIn: AwsStandIn, key: Key, Key: string) =>
  s3Of(standIn, key).send(new GetObjectCommand({ Bucket: 'reports', Key }));

test('a slice keeps who it is, and ends when it was told to', async () => {
  const standIn = await start();
  const key = await parent(standIn, { SourceIdentity: 'j.tAAAAAAA' });
  const before = Date.now();
  const made = await slice(standIn, key, {
    Policy: JSON.stringify(readPrefix('q3')),
    DurationSeconds: 60,
    ScopedSessionDescription: 'task tsk_tAAAAAAA',
    MinimumSessionTokenSize: 4096,
  });
  const arn = `arn:aws:sts::${account}:assumed-role/sliced/j.tAAAAAAA.1`;
  expect(made).toMatchObject({
    SessionInfo: { Arn: arn, ScopedSessionId: expect.stringMatching(/^AROA[A-Z2-7]{17}:j\.tAAAAAAA\.1$/) },
    SourceIdentity: 'j.tAAAAAAA',
    ScopedPoliciesCount: 1,
  });
  expect(Math.abs(Number(made.Credentials?.Expiration) - before - 60_000)).toBeLessThan(30_000);
  const who = await stsOf(standIn, await keyOf(standIn, key, again)).send(new GetCallerIdentityCommand({}));
  expect(who.Arn).toBe(arn);
});

describe('permissions are an intersection', () => {
  test('of the session and the policy', async () => {
    const standIn = await start();
    const key = await keyOf(standIn, await parent(standIn), readPrefix('q3'));
    await read(standIn, key, 'q3/summary.csv');
    await expect(read(standIn, key, 'q4/summary.csv')).rejects.toMatchObject({ name: 'AccessDenied' });
    const put = new PutObjectCommand({ Bucket: 'reports', Key: 'q3/new.csv', Body: 'x' });
    await expect(s3Of(standIn, key).send(put)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('of every policy on the way, however wide the last one is', async () => {
    const standIn = await start();
    const narrow = allow(['s3:GetObject', 'sts:GetScopedCredentials']);
    const wide = allow('s3:*');
    const key = await keyOf(standIn, await keyOf(standIn, await parent(standIn), narrow, 600), wide);
    await read(standIn, key, 'q3/summary.csv');
    const put = new PutObjectCommand({ Bucket: 'reports', Key: 'q3/new.csv', Body: 'x' });
    await expect(s3Of(standIn, key).send(put)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('and of the session policy that the role was assumed with', async () => {
    const standIn = await start();
    const slicing = { Effect: 'Allow', Action: 'sts:GetScopedCredentials', Resource: '*' };
    const policy = { ...readPrefix('q3'), Statement: [...readPrefix('q3').Statement, slicing] };
    const key = await keyOf(standIn, await parent(standIn, { Policy: JSON.stringify(policy) }), again);
    await read(standIn, key, 'q3/summary.csv');
    await expect(read(standIn, key, 'q4/summary.csv')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('a deny on the role reaches the slices, and the next call for one', async () => {
    const standIn = await start();
    const whole = await parent(standIn);
    const key = await keyOf(standIn, whole, readPrefix('q3'));
    const denied = { RoleName: 'sliced', PolicyName: 'deny' };
    const Condition = { StringLike: { 'aws:userid': ['*:j.tAAAAAAA.*'] } };
    await iamOf(standIn).send(
      new PutRolePolicyCommand({
        ...denied,
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Deny', Action: '*', Resource: '*', Condition }],
        }),
      }),
    );
    await expect(read(standIn, key, 'q3/summary.csv')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(slice(standIn, whole, { DurationSeconds: 60 })).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await iamOf(standIn).send(new DeleteRolePolicyCommand(denied));
    await read(standIn, key, 'q3/summary.csv');
  });
});

test('a slice has ended when its time is over, and its session has not', async () => {
  let ahead = 0;
  const standIn = await start({ clock: () => Date.now() + ahead });
  const whole = await parent(standIn);
  const key = await keyOf(standIn, whole, readPrefix('q3'), 60);
  ahead = 61_000;
  await expect(read(standIn, key, 'q3/summary.csv')).rejects.toMatchObject({ name: 'ExpiredToken' });
  await read(standIn, whole, 'q3/summary.csv');
});

test.each([
  ['its own, when slices have one', 'own', 60_000],
  ['that of the session, when they keep it', 'inherited', 0],
] as const)('the issue time of a slice is %s', async (_name, issueTime, laterMs) => {
  let ahead = 0;
  const standIn = await start({ clock: () => Date.now() + ahead, slicing: { issueTime } });
  const whole = await parent(standIn);
  const opened = Math.floor(Date.now() / 1000) * 1000;
  ahead = 60_000;
  const before = (at: number) => {
    const Condition = { DateLessThan: { 'aws:TokenIssueTime': new Date(at).toISOString() } };
    return { Version: '2012-10-17', Statement: [{ ...allow('s3:*').Statement[0], Condition }] };
  };
  const tells = async (at: number) => read(standIn, await keyOf(standIn, whole, before(at)), 'top.txt');
  await tells(opened + laterMs + 30_000);
  await expect(tells(opened + laterMs - 30_000)).rejects.toMatchObject({ name: 'AccessDenied' });
});

describe('what is refused', () => {
  const many = 'x'.repeat(257);
  const bad: readonly [string, GetScopedCredentialsCommandInput, string][] = [
    ['neither a policy nor a duration', {}, 'ValidationError'],
    ['0 seconds', { DurationSeconds: 0 }, 'ValidationError'],
    ['129,601 seconds', { DurationSeconds: 129_601 }, 'ValidationError'],
    ['longer than the session has left', { DurationSeconds: 3601 }, 'InsufficientSessionLifetime'],
    ['a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument'],
    ['a policy of 2,049 characters', { Policy: ' '.repeat(2049) }, 'ValidationError'],
    [
      '257 characters of description',
      { DurationSeconds: 60, ScopedSessionDescription: many },
      'ValidationError',
    ],
    ['a token of more than 4,096', { DurationSeconds: 60, MinimumSessionTokenSize: 4097 }, 'ValidationError'],
  ];
  test.each(bad)('%s', async (_name, input, code) => {
    const standIn = await start();
    const refused = await slice(standIn, await parent(standIn), input).catch((error: unknown) => error);
    expect((refused as Error).name.replace(/Exception$/, '')).toBe(code);
  });

  test('the key of a user, which is not temporary', async () => {
    const standIn = await start();
    await expect(slice(standIn, undefined, { DurationSeconds: 60 })).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });

  test('a fourth policy, though not a shorter life', async () => {
    const standIn = await start();
    let key = await parent(standIn);
    // Each is shorter than what the one before has left by then.
    for (const seconds of [3000, 2000, 1000]) key = await keyOf(standIn, key, again, seconds);
    await expect(keyOf(standIn, key, again, 300)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await slice(standIn, key, { DurationSeconds: 60 })).toMatchObject({ ScopedPoliciesCount: 3 });
  });

  test('a session that is not allowed the action; and one that is denied it, where no Allow is needed', async () => {
    const standIn = await start();
    const key = await session(standIn, { Policy: JSON.stringify(readPrefix('q3')) });
    await expect(slice(standIn, key, { DurationSeconds: 60 })).rejects.toMatchObject({
      name: 'AccessDenied',
    });

    const lax = await start({ slicing: { needsAllow: false } });
    await slice(lax, await session(lax, { Policy: JSON.stringify(readPrefix('q3')) }), {
      DurationSeconds: 60,
    });
    const deny = { Effect: 'Deny', Action: 'sts:GetScopedCredentials', Resource: '*' };
    const held = { Version: '2012-10-17', Statement: [...readPrefix('q3').Statement, deny] };
    await expect(
      slice(lax, await session(lax, { Policy: JSON.stringify(held) }), { DurationSeconds: 60 }),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('any call in another region, and any call where there is no such action', async () => {
    const standIn = await start();
    const key = await parent(standIn);
    const elsewhere = stsOf({ ...standIn, region: 'us-east-1' }, key);
    await expect(
      elsewhere.send(new GetScopedCredentialsCommand({ DurationSeconds: 60 })),
    ).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    const older = await start({ slicing: { there: false } });
    await expect(slice(older, await parent(older), { DurationSeconds: 60 })).rejects.toMatchObject({
      name: 'InvalidAction',
    });
  });
});
