import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from '@jest/globals';
import { awsSts, openAwsSts } from '../../../src/issuance/providers/aws-sts/index.js';
import type { AwsStsScope } from '../../../src/issuance/providers/aws-sts/scope.js';
import type { Order, Provider } from '../../../src/issuance/provider.js';
import type { ProviderWorld } from '../../../src/issuance/world.js';
import { newLeaseId, newTaskId } from '../../../src/kernel/id.js';
import { redisLedger } from '../../../src/ledger/redis-ledger.js';
import { broken, denied, type StandInFault, throttled } from '../../../src/sandbox/aws/fault.js';
import { type AwsStandIn, startAwsStandIn } from '../../../src/sandbox/aws/stand-in.js';
import { type OpenProvider, providerContract } from '../../contract/provider.js';
import { worldOn } from '../../fake/provider-world.js';
import { arnOf, otherAccount, readPrefix, seed } from '../../sandbox/aws/reports-account.js';
import { backends, connected, uniquePrefix } from '../../setup/backends.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(now?: () => number): Promise<AwsStandIn> {
  const standIn = await startAwsStandIn(seed, now ? { clock: now } : {});
  closing.push(() => standIn.close());
  return standIn;
}

function providerOf(
  standIn: Pick<AwsStandIn, 'url' | 'region' | 'accessKey'>,
  more: object = {},
  world?: ProviderWorld,
): Provider<AwsStsScope> {
  const provider = openAwsSts(
    'aws',
    awsSts.settings.parse({
      region: standIn.region,
      endpoint: standIn.url,
      credentials: standIn.accessKey,
      timeout: '1s',
      ...more,
    }),
    world,
  );
  closing.push(() => provider.close());
  return provider;
}

function orderOf(scope: object = {}, more: Partial<Order> = {}): Order<AwsStsScope> {
  const taskId = newTaskId();
  return {
    leaseId: newLeaseId(taskId),
    taskId,
    agent: 'spiffe://example.org/agent/reporter',
    entry: 'reports-reader',
    ttlSeconds: 900,
    ceilingSeconds: 3600,
    ...more,
    scope: awsSts.scope.parse({ role: arnOf('reports'), sessionPolicy: readPrefix('q3'), ...scope }),
  };
}

const issue = (provider: Provider<AwsStsScope>, order: Order<AwsStsScope>) =>
  provider.issue(order, provider.plan(order), () => Promise.resolve());

type Credentials = Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string>;

function s3Of(
  standIn: Pick<AwsStandIn, 'url' | 'region'>,
  secret: Readonly<Record<string, unknown>>,
): S3Client {
  const { AccessKeyId, SecretAccessKey, SessionToken } = secret as Credentials;
  const client = new S3Client({
    endpoint: standIn.url,
    region: standIn.region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
  });
  closing.push(() => Promise.resolve(client.destroy()));
  return client;
}

const read = async (client: S3Client, Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'reports', Key }));
  return Body?.transformToString();
};

providerContract('aws-sts on the stand-in', () => backed());

providerContract('aws-sts on the stand-in, cutting sessions off by a deny', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  return backed({ cutOff: ['deny'] }, worldOn(ledger));
});

async function backed(scope: object = {}, world?: ProviderWorld): Promise<OpenProvider<AwsStsScope>> {
  const standIn = await startAwsStandIn(seed);
  const provider = providerOf(standIn, { attempts: 1 }, world);
  const faults: Record<string, StandInFault> = {
    failing: broken,
    silent: { is: 'hang' },
    refusing: denied,
    throttling: throttled,
    nonsense: { is: 'nonsense' },
  };
  return {
    provider,
    order: () => orderOf(scope),
    works: async (secret) => {
      try {
        return (await read(s3Of(standIn, secret), 'q3/summary.csv')) !== undefined;
      } catch (error) {
        if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403)
          return false;
        throw error;
      }
    },
    publicFields: ['AccessKeyId', 'Expiration', 'AccountId'],
    canaries: [standIn.accessKey.secretAccessKey],
    calls: () => standIn.trail().length,
    break: (how) => (how === 'gone' ? standIn.close() : Promise.resolve(standIn.setFault(faults[how]))),
    upstreamText: 'was asked for',
    loseAnswer: () => Promise.resolve(standIn.setFault({ is: 'dropped_answer' }, { times: 1 })),
    connections: () => standIn.connections(),
    close: () => standIn.close(),
  };
}

describe('ISS-02 what an issued session can do', () => {
  test('it reads what the entry allows, and nothing else of what the role allows', async () => {
    const standIn = await start();
    const { secret } = await issue(providerOf(standIn), orderOf());
    const s3 = s3Of(standIn, secret.reveal());
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
    const standIn = await start(() => Date.now() + ahead);
    const { secret, expiresAt } = await issue(providerOf(standIn), orderOf());
    const s3 = s3Of(standIn, secret.reveal());
    await read(s3, 'q3/summary.csv');
    expect(new Date(String(secret.reveal()['Expiration'])).getTime()).toBe(expiresAt);
    ahead = 901_000;
    await expect(read(s3, 'q3/summary.csv')).rejects.toMatchObject({ name: 'ExpiredToken' });
  });

  test('managed policies widen the session policy, within the role', async () => {
    const standIn = await start();
    const policyArns = [`arn:aws:iam::111122223333:policy/read-reports`];
    const { secret } = await issue(providerOf(standIn), orderOf({ policyArns }));
    expect(await read(s3Of(standIn, secret.reveal()), 'q4/summary.csv')).toContain('region');
  });

  test('a boundary of the role still bounds it', async () => {
    const standIn = await start();
    const { secret } = await issue(providerOf(standIn), orderOf({ role: arnOf('bounded') }));
    await expect(read(s3Of(standIn, secret.reveal()), 'q3/summary.csv')).rejects.toMatchObject({
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
    await read(s3Of(standIn, secret.reveal()), 'q3/summary.csv');
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
      return read(s3Of(standIn, secret.reveal()), 'top.txt');
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

describe('what can go wrong at STS', () => {
  const cases: readonly [string, StandInFault, string][] = [
    [
      'a policy that packs too large',
      { is: 'error', code: 'PackedPolicyTooLarge', status: 400 },
      'provider.refused',
    ],
    ['a malformed policy', { is: 'error', code: 'MalformedPolicyDocument', status: 400 }, 'provider.refused'],
    [
      'a region that is off',
      { is: 'error', code: 'RegionDisabledException', status: 403 },
      'provider.refused',
    ],
    [
      'an expired identity of the broker',
      { is: 'error', code: 'ExpiredToken', status: 403 },
      'provider.refused',
    ],
    [
      'too many requests',
      { is: 'error', code: 'TooManyRequestsException', status: 429 },
      'provider.throttled',
    ],
    ['a 503', { is: 'error', code: 'ServiceUnavailable', status: 503 }, 'provider.unavailable'],
    ['a lost connection', { is: 'dropped_answer' }, 'provider.unavailable'],
    ['an answer without credentials', altered(/<Credentials>.*<\/Credentials>/, ''), 'provider.nonsense'],
    ['an answer without a token', altered(/<SessionToken>.*<\/SessionToken>/, ''), 'provider.nonsense'],
    [
      'the session of another lease',
      altered(/assumed-role\/reports\/j\.[^<]*/, 'assumed-role/reports/j.x.y'),
      'provider.nonsense',
    ],
    [
      'the session of another role',
      altered('assumed-role/reports/', 'assumed-role/admin/'),
      'provider.nonsense',
    ],
    [
      'another source identity',
      altered(/<SourceIdentity>[^<]*/, '<SourceIdentity>j.other'),
      'provider.nonsense',
    ],
    ['no date', altered(/<Expiration>[^<]*/, '<Expiration>soon'), 'provider.nonsense'],
    [
      'a longer session',
      altered(/<Expiration>[^<]*/, '<Expiration>2199-01-01T00:00:00Z'),
      'provider.nonsense',
    ],
    ['XML that breaks off', altered(/<\/Credentials>.*$/, ''), 'provider.nonsense'],
    ['an empty answer', altered(/^.*$/s, ''), 'provider.nonsense'],
    ['JSON', altered(/^.*$/s, '{"AccessKeyId":"x"}'), 'provider.nonsense'],
  ];

  test.each(cases)('%s', async (_name, fault, code) => {
    const standIn = await start();
    const provider = providerOf(standIn, { attempts: 1 });
    standIn.setFault(fault);
    const failure: unknown = await issue(provider, orderOf({ sourceIdentity: true })).catch(
      (error: unknown) => error,
    );

    expect(failure).toMatchObject({ code, reason: expect.any(String) });
    expect((failure as Error).cause).toBeUndefined();
  });

  test('one failure is tried again, within the timeout', async () => {
    const standIn = await start();
    standIn.setFault(broken, { times: 1 });
    await issue(providerOf(standIn), orderOf());
    expect(standIn.trail().map(({ errorCode }) => errorCode)).toEqual(['InternalFailure', undefined]);
  });

  test('a role that allows no tags and no source identity refuses them', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    await issue(provider, orderOf({ role: arnOf('plain') }));
    for (const wish of ['tags', 'sourceIdentity'])
      await expect(issue(provider, orderOf({ role: arnOf('plain'), [wish]: true }))).rejects.toMatchObject({
        code: 'provider.refused',
      });
  });

  function altered(from: string | RegExp, to: string): StandInFault {
    return { is: 'altered_answer', alter: (body) => body.replace(from, to) };
  }
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
