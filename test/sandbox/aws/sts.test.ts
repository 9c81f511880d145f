import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, test } from '@jest/globals';
import { assume, iamOf, s3Of, session, start, stsOf } from './clients.js';
import { account, arnOf, brokerArn, nobodysKey, otherAccount, readPrefix } from './reports-account.js';

describe('AssumeRole takes what the API reference allows', () => {
  const good: readonly [string, Partial<AssumeRoleCommandInput>][] = [
    ['64 characters of name', { RoleSessionName: `j.${'x'.repeat(62)}` }],
    ['900 seconds', { DurationSeconds: 900 }],
    ['tags and a source identity', { Tags: [{ Key: 'täg/1', Value: '' }], SourceIdentity: 'j.tAAAAAAA' }],
    ['a session policy', { Policy: JSON.stringify(readPrefix('q3')) }],
    ['an external id nobody asks for', { ExternalId: 'any:thing/at=all' }],
  ];
  test.each(good)('%s', async (_name, input) => {
    expect((await assume(await start(), input)).Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  });

  const padded = (length: number) => {
    const text = JSON.stringify(readPrefix('q3'));
    return text + ' '.repeat(length - text.length);
  };
  const bad: readonly [string, Partial<AssumeRoleCommandInput>, string][] = [
    ['a name of one character', { RoleSessionName: 'j' }, 'ValidationError'],
    ['a name of 65', { RoleSessionName: `j.${'x'.repeat(63)}` }, 'ValidationError'],
    ['a name with a colon', { RoleSessionName: 'j.a:b' }, 'ValidationError'],
    ['a name with a wildcard', { RoleSessionName: 'j.*' }, 'ValidationError'],
    ['899 seconds', { DurationSeconds: 899 }, 'ValidationError'],
    ['43,201 seconds', { DurationSeconds: 43_201 }, 'ValidationError'],
    ['longer than the role allows', { DurationSeconds: 3601 }, 'ValidationError'],
    ['a source identity of AWS', { SourceIdentity: 'aws:me' }, 'ValidationError'],
    ['a source identity with a slash', { SourceIdentity: 'a/b' }, 'ValidationError'],
    ['an external id with a space', { ExternalId: 'a b' }, 'ValidationError'],
    ['a role that is no ARN', { RoleArn: 'reports-but-long-enough' }, 'ValidationError'],
    ['a session policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument'],
    [
      'a session policy with a principal',
      { Policy: '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}' },
      'MalformedPolicyDocument',
    ],
    ['a session policy of 2,049 characters', { Policy: padded(2049) }, 'ValidationError'],
    [
      '2,048 characters and a managed policy',
      { Policy: padded(2048), PolicyArns: [{ arn: managed('read-reports') }] },
      'ValidationError',
    ],
    [
      '11 managed policies',
      { PolicyArns: Array.from({ length: 11 }, () => ({ arn: managed('read-reports') })) },
      'ValidationError',
    ],
    ['a managed policy that does not exist', { PolicyArns: [{ arn: managed('nope') }] }, 'ValidationError'],
    ['a tag key of 129', { Tags: [{ Key: 'k'.repeat(129), Value: 'v' }] }, 'ValidationError'],
    ['a tag value with a pipe', { Tags: [{ Key: 'k', Value: 'a|b' }] }, 'ValidationError'],
    [
      'the same tag twice',
      {
        Tags: [
          { Key: 'k', Value: 'a' },
          { Key: 'K', Value: 'b' },
        ],
      },
      'InvalidParameterValue',
    ],
    [
      '51 tags',
      { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: 'v' })) },
      'ValidationError',
    ],
    ['a transitive tag that is not there', { TransitiveTagKeys: ['k'] }, 'InvalidParameterValue'],
    ['a role that does not exist', { RoleArn: arnOf('nope') }, 'AccessDenied'],
    ['a role that trusts somebody else', { RoleArn: arnOf('closed') }, 'AccessDenied'],
    [
      'a name without the prefix that the trust policy asks for',
      { RoleSessionName: 'alice' },
      'AccessDenied',
    ],
  ];
  test.each(bad)('and refuses %s', async (_name, input, code) => {
    const refused = await assume(await start(), input).catch((error: unknown) => error);
    // The client spells the modelled ones with `Exception`.
    expect((refused as Error).name.replace(/Exception$/, '')).toBe(code);
  });

  function managed(name: string): string {
    return `arn:aws:iam::${account}:policy/${name}`;
  }
});

test('2,048 characters of session policy are taken', async () => {
  const text = JSON.stringify(readPrefix('q3'));
  const { PackedPolicySize } = await assume(await start(), { Policy: text + ' '.repeat(2048 - text.length) });
  expect(PackedPolicySize).toBeGreaterThan(0);
});

test('the answer names the session, and lasts exactly as long as was asked for', async () => {
  const now = 1_800_000_000_500;
  const standIn = await start({ clock: () => now });
  const sts = stsOf(standIn);
  sts.config.systemClockOffset = now - Date.now();
  const made = await sts.send(
    new AssumeRoleCommand({
      RoleArn: arnOf('reports'),
      RoleSessionName: 'j.tAAAAAAA.1',
      SourceIdentity: 'j.tAAAAAAA',
      DurationSeconds: 1000,
    }),
  );
  expect(made.Credentials?.Expiration).toEqual(new Date(1_800_001_000_000));
  expect(made.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${account}:assumed-role/reports/j.tAAAAAAA.1`);
  expect(made.AssumedRoleUser?.AssumedRoleId).toMatch(/^AROA[A-Z2-7]{17}:j\.tAAAAAAA\.1$/);
  expect(made.SourceIdentity).toBe('j.tAAAAAAA');
});

test('the caller identity is that of the key, and cannot be denied', async () => {
  const standIn = await start();
  const who = async (key?: Parameters<typeof stsOf>[1]) =>
    (await stsOf(standIn, key).send(new GetCallerIdentityCommand({}))).Arn;
  expect(await who()).toBe(brokerArn);
  const key = await session(standIn);
  await iamOf(standIn).send(
    new PutRolePolicyCommand({
      RoleName: 'reports',
      PolicyName: 'deny',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
      }),
    }),
  );
  expect(await who(key)).toBe(`arn:aws:sts::${account}:assumed-role/reports/j.tAAAAAAA.1`);
});

test('trust of the account leaves it to the identity policies', async () => {
  const standIn = await start();
  await assume(standIn, { RoleArn: arnOf('ours') });
  await expect(assume(standIn, { RoleArn: arnOf('ours') }, nobodysKey)).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});

test('trust of a very role needs no identity policy, but the trust policy has the last word', async () => {
  const standIn = await start();
  await expect(assume(standIn, { RoleArn: arnOf('hop') })).rejects.toMatchObject({ name: 'AccessDenied' });
  const key = await session(standIn);
  expect((await assume(standIn, { RoleArn: arnOf('hop') }, key)).Credentials).toBeDefined();
});

describe('role chaining', () => {
  test('lasts an hour at most', async () => {
    const standIn = await start();
    const key = await session(standIn);
    const chained = (DurationSeconds: number) =>
      assume(standIn, { RoleArn: arnOf('hop'), DurationSeconds }, key);
    await chained(3600);
    await expect(chained(3601)).rejects.toMatchObject({ name: 'ValidationError' });
  });

  test('carries the source identity on, and nobody can change it', async () => {
    const standIn = await start();
    const key = await session(standIn, { SourceIdentity: 'j.tAAAAAAA' });
    const hop = (input: object) => assume(standIn, { RoleArn: arnOf('hop'), ...input }, key);
    expect((await hop({})).SourceIdentity).toBe('j.tAAAAAAA');
    await expect(hop({ SourceIdentity: 'j.other' })).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('carries transitive tags on and no others', async () => {
    const standIn = await start();
    const tags = {
      Tags: [
        { Key: 'task', Value: 'A' },
        { Key: 'lease', Value: '1' },
      ],
      TransitiveTagKeys: ['task'],
    };
    const key = await session(standIn, tags);
    const readIf = (Condition: object) => ({
      RoleArn: arnOf('hop'),
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', Condition }],
      }),
    });
    const reads = async (Condition: object) =>
      s3Of(standIn, await session(standIn, readIf(Condition), key)).send(
        new GetObjectCommand({ Bucket: 'reports', Key: 'top.txt' }),
      );
    await reads({ StringEquals: { 'aws:PrincipalTag/task': 'A' } });
    await reads({ Null: { 'aws:PrincipalTag/lease': 'true' } });
    await expect(
      assume(standIn, { RoleArn: arnOf('hop'), Tags: [{ Key: 'task', Value: 'B' }] }, key),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

test('another account is entered with the external id that it asks for, and not without', async () => {
  const standIn = await start();
  const door = { RoleArn: arnOf('door', otherAccount) };
  await expect(assume(standIn, door)).rejects.toMatchObject({ name: 'AccessDenied' });
  expect((await assume(standIn, { ...door, ExternalId: 'the-other-one' })).AssumedRoleUser?.Arn).toContain(
    otherAccount,
  );
});

test('a session an hour past its end is forgotten', async () => {
  let ahead = 0;
  const standIn = await start({ clock: () => Date.now() + ahead });
  const key = await session(standIn, { DurationSeconds: 900 });
  const use = (offset: number) => {
    const client = s3Of(standIn, key);
    client.config.systemClockOffset = offset;
    return client.send(new GetObjectCommand({ Bucket: 'reports', Key: 'top.txt' }));
  };
  ahead = 901_000;
  await expect(use(ahead)).rejects.toMatchObject({ name: 'ExpiredToken' });
  ahead = 901_000 + 3_600_000;
  const sts = stsOf(standIn);
  sts.config.systemClockOffset = ahead;
  await sts.send(new AssumeRoleCommand({ RoleArn: arnOf('reports'), RoleSessionName: 'j.t.2' }));
  await expect(use(ahead)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
});
