import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import { s3Of, start } from '../../../sandbox/aws/clients.js';
import { arnOf, otherAccount, readPrefix } from '../../../sandbox/aws/reports-account.js';
import { keyOf } from './account.js';
import { issue, orderOf, providerOf, read } from './minting.js';

describe('ISS-02 what an issued session can do', () => {
  test('it reads what the entry allows, and nothing else of what the role allows', async () => {
    const standIn = await start();
    const { secret } = await issue(providerOf(standIn), orderOf());
    const s3 = s3Of(standIn, keyOf({ secret }));
    expect(await read(s3, 'q3/summary.csv')).toContain('north,42');
    const put = new PutObjectCommand({ Bucket: 'reports', Key: 'q3/new.csv', Body: 'x' });
    await expect(s3.send(put)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(read(s3, 'q4/summary.csv')).rejects.toMatchObject({ name: 'AccessDenied' });
    const list = (Prefix: string) => s3.send(new ListObjectsV2Command({ Bucket: 'reports', Prefix }));
    expect((await list('q3/')).Contents?.map(({ Key }) => Key)).toEqual([
      'q3/détails + más.csv',
      'q3/summary.csv',
    ]);
    await expect(list('q4/')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('it ends when it said it would', async () => {
    let ahead = 0;
    const standIn = await start({ clock: () => Date.now() + ahead });
    const { secret, expiresAt } = await issue(providerOf(standIn), orderOf());
    const s3 = s3Of(standIn, keyOf({ secret }));
    await read(s3, 'q3/summary.csv');
    expect(new Date(String(secret.reveal()['Expiration'])).getTime()).toBe(expiresAt);
    ahead = 901_000;
    await expect(read(s3, 'q3/summary.csv')).rejects.toMatchObject({ name: 'ExpiredToken' });
  });

  test('managed policies widen the session policy, within the role', async () => {
    const standIn = await start();
    const policyArns = [`arn:aws:iam::111122223333:policy/read-reports`];
    const { secret } = await issue(providerOf(standIn), orderOf({ policyArns }));
    expect(await read(s3Of(standIn, keyOf({ secret })), 'q4/summary.csv')).toContain('region');
  });

  test('a boundary of the role still bounds it', async () => {
    const standIn = await start();
    const { secret } = await issue(providerOf(standIn), orderOf({ role: arnOf('bounded') }));
    await expect(read(s3Of(standIn, keyOf({ secret })), 'q3/summary.csv')).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });
});

describe('ISS-02 how a session is named', () => {
  test('the session name leads back to task and lease, and the trail shows it with the source identity', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = orderOf({ sourceIdentity: true, tags: true });
    const task = order.taskId.slice(4);
    const sessionName = `j.${task}.${order.leaseId.slice(12)}`;
    expect(provider.plan(order)).toEqual({
      role: arnOf('reports'),
      sessionName,
      sourceIdentity: `j.${task}`,
      region: standIn.region,
    });
    const { secret } = await issue(provider, order);
    expect(secret.reveal()['AccountId']).toBe('111122223333');
    await read(s3Of(standIn, keyOf({ secret })), 'q3/summary.csv');
    expect(standIn.trail().at(-1)).toMatchObject({
      eventName: 'GetObject',
      userIdentity: {
        arn: `arn:aws:sts::111122223333:assumed-role/reports/${sessionName}`,
        principalId: expect.stringMatching(
          new RegExp(`^AROA[A-Z2-7]{17}:${sessionName.replaceAll('.', '\\.')}$`),
        ),
        sourceIdentity: `j.${task}`,
      },
    });
  });

  test('task, agent and lease are tags that policies can see', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = orderOf({ tags: true }, { agent: 'auth0|42 🤖' });
    const byTags = (agent: string) => ({
      ...readPrefix('q3'),
      Statement: [
        {
          Effect: 'Allow',
          Action: 's3:GetObject',
          Resource: '*',
          Condition: {
            StringEquals: {
              'aws:PrincipalTag/task': order.taskId,
              'aws:PrincipalTag/lease': order.leaseId,
              'aws:PrincipalTag/agent': agent,
              'aws:PrincipalTag/team': 'finance',
            },
          },
        },
      ],
    });
    const told = async (agent: string) => {
      const { secret } = await issue(provider, {
        ...order,
        scope: orderOf({ sessionPolicy: byTags(agent), tags: true }).scope,
      });
      return read(s3Of(standIn, keyOf({ secret })), 'top.txt');
    };
    expect(await told(`sha256:${createHash('sha256').update('auth0|42 🤖').digest('hex')}`)).toBe('top');
    await expect(told('auth0')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('another prefix names another installation', async () => {
    const standIn = await start();
    const provider = providerOf(standIn, { sessionPrefix: 'jx1' });
    expect(provider.plan(orderOf())['sessionName']).toMatch(/^jx1\.[0-9A-Za-z]{8}\.[0-9A-Za-z]{6}$/);
    await expect(issue(provider, orderOf())).rejects.toMatchObject({ code: 'provider.refused' });
  });
});

describe('ISS-01 how long a session lasts', () => {
  test('ISS-03 shorter than 15 minutes is refused without a call', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    await expect(issue(provider, orderOf({}, { ttlSeconds: 899 }))).rejects.toMatchObject({
      code: 'ttl.below_floor',
    });
    await expect(issue(provider, orderOf({}, { ttlSeconds: 43_201 }))).rejects.toMatchObject({
      code: 'ttl.invalid',
    });
    expect(standIn.trail()).toEqual([]);
  });

  test('up to 12 hours where the role allows it, and not where it does not', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const half = { ttlSeconds: 43_200 };
    const { expiresAt = 0 } = await issue(provider, orderOf({ role: arnOf('long') }, half));
    expect(Math.abs(expiresAt - Date.now() - 43_200_000)).toBeLessThan(60_000);
    await expect(issue(provider, orderOf({}, half))).rejects.toMatchObject({
      code: 'provider.refused',
      reason: expect.stringContaining('MaxSessionDuration'),
    });
  });
});

describe('across accounts', () => {
  const via = { role: arnOf('door', otherAccount), externalId: 'the-other-one' };

  test('a role on the way is assumed once, and the session is minted from it', async () => {
    const standIn = await start();
    const provider = providerOf(standIn, { via });
    expect(provider.maximumTtlSeconds).toBe(3600);
    await provider.check();
    const order = orderOf({ role: arnOf('inner', otherAccount) });
    const { secret } = await issue(provider, order);
    await issue(provider, orderOf({ role: arnOf('inner', otherAccount) }));
    expect(secret.reveal()['AccountId']).toBe(otherAccount);
    const assumed = standIn.trail().filter(({ eventName }) => eventName === 'AssumeRole');
    expect(assumed.map(({ resource }) => resource)).toEqual([via.role, order.scope.role, order.scope.role]);
  });

  test('without the external id that it asks for, nothing is minted, and nothing secret is told', async () => {
    const standIn = await start();
    const provider = providerOf(standIn, { via: { role: via.role } });
    const failure: unknown = await issue(provider, orderOf()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'provider.refused', message: 'AWS STS refused.' });
    expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain('not-a-real-secret');
  });
});

test('revoking says honestly that the session lives on, and calls nobody', async () => {
  const standIn = await start();
  const provider = providerOf(standIn);
  const order = orderOf();
  await issue(provider, order);
  const before = standIn.trail().length;
  expect(provider.effect(order.scope)).toBe('expires_only');
  expect(await provider.revoke(provider.plan(order))).toEqual({ is: 'expires' });
  expect(standIn.trail()).toHaveLength(before);
});

test('connections are kept and used again', async () => {
  const standIn = await start();
  const provider = providerOf(standIn);
  for (let i = 0; i < 3; i++) await issue(provider, orderOf());
  expect(await standIn.connections()).toBe(1);
});
