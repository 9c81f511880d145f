import { GetScopedCredentialsCommand } from '@aws-sdk/client-sts';
import { describe, expect, test } from '@jest/globals';
import { newLeaseId, newTaskId } from '../../../../src/kernel/id.js';
import { broken, denied, throttled } from '../../../../src/sandbox/aws/fault.js';
import { type AwsStandIn, startAwsStandIn } from '../../../../src/sandbox/aws/stand-in.js';
import { providerContract } from '../../../contract/provider.js';
import { start, stsOf } from '../../../sandbox/aws/clients.js';
import { account, arnOf, seed } from '../../../sandbox/aws/reports-account.js';
import { backed } from './backed.js';
import { callsOf, issue, keyOf, orderOf, providerOf, reads } from './account.js';

const slice = { action: 'GetScopedCredentials' };
const inTask = (taskId: string) => orderOf({}, { taskId, leaseId: newLeaseId(taskId) });

providerContract('aws-sts in slices on the stand-in', async () => {
  const standIn = await startAwsStandIn(seed);
  const refusing = { is: 'error', code: 'MalformedPolicyDocument', status: 400 } as const;
  return backed(standIn, providerOf(standIn, { timeout: '1s' }), orderOf, refusing);
});

describe('one session for the leases of a task', () => {
  test('is opened under the name of the first, and the handles of the others say so', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const taskId = newTaskId();
    const orders = [inTask(taskId), inTask(taskId), inTask(taskId)];
    const handles = [];
    for (const order of orders) handles.push((await issue(provider, order)).handle);
    expect(callsOf(standIn)).toEqual(['AssumeRole', ...orders.map(() => 'GetScopedCredentials')]);
    const name = provider.plan(orders[0]!)['sessionName'];
    expect(handles.map(({ sessionName }) => sessionName)).toEqual([name, name, name]);
    expect(handles.map(({ lease }) => lease)).toEqual(orders.map(({ leaseId }) => leaseId));
    expect(Number(handles[1]!['parentIssuedAt'])).toBeLessThanOrEqual(Date.now() + 1000);
    expect(await issue(provider, orderOf())).toMatchObject({ handle: { slices: true } });
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(2);
  });

  test('leases that ask at the same time wait for the same one', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const taskId = newTaskId();
    const made = await Promise.all(Array.from({ length: 5 }, () => issue(provider, inTask(taskId))));
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(1);
    expect(new Set(made.map(({ handle }) => handle['sessionName'])).size).toBe(1);
    expect(new Set(made.map((one) => keyOf(one).accessKeyId)).size).toBe(5);
  });

  test('tags name the lease, so a tagged lease has one of its own', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const taskId = newTaskId();
    for (const order of [orderOf({ tags: true }, { taskId }), orderOf({ tags: true }, { taskId })])
      expect((await issue(provider, order)).handle).toEqual(provider.plan(order));
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(2);
  });

  test('when the other handle cannot be stored, nothing is cut', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const taskId = newTaskId();
    await issue(provider, inTask(taskId));
    const order = inTask(taskId);
    const lost = provider.issue(order, provider.plan(order), () => Promise.reject(new Error('no store')));
    await expect(lost).rejects.toThrow('no store');
    expect(callsOf(standIn)).toEqual(['AssumeRole', 'GetScopedCredentials']);
  });

  test('is gone from memory with the last of them', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const taskId = newTaskId();
    const [first, second] = [await issue(provider, inTask(taskId)), await issue(provider, inTask(taskId))];
    expect(await provider.revoke(first.handle)).toEqual({ is: 'expires' });
    await issue(provider, inTask(taskId)).then(({ handle }) => provider.revoke(handle));
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(1);
    await provider.revoke(second.handle);
    const next = inTask(taskId);
    expect((await issue(provider, next)).handle).toEqual(provider.plan(next));
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(2);
  });

  test('is replaced when what is left of it is shorter than a slice', async () => {
    let ahead = 0;
    const standIn = await start();
    const provider = providerOf(standIn, { sliceTtl: '15m' }, () => Date.now() + ahead);
    const taskId = newTaskId();
    const order = () => ({ ...inTask(taskId), ttlSeconds: 900, ceilingSeconds: 900 });
    await issue(provider, order());
    await issue(provider, order());
    ahead = 100_000;
    const later = order();
    expect((await issue(provider, later)).handle).toEqual(provider.plan(later));
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(2);
  });
});

describe('what is handed over', () => {
  test('reads what the entry allows, and nothing else', async () => {
    const standIn = await start();
    const issued = await issue(providerOf(standIn), orderOf({ sourceIdentity: true }));
    expect(await reads(standIn, issued, 'q3/summary.csv')).toBe(true);
    expect(await reads(standIn, issued, 'q4/summary.csv')).toBe(false);
    expect(issued.secret.reveal()).toMatchObject({ AccountId: account });
    expect(new Date(String(issued.secret.reveal()['Expiration'])).getTime()).toBe(issued.expiresAt);
  });

  test.each([true, false])(
    'cannot slice itself, whether AWS asks for an Allow (%s) or not',
    async (needsAllow) => {
      const standIn = await start({ slicing: { needsAllow } });
      const issued = await issue(providerOf(standIn), orderOf());
      expect(await reads(standIn, issued, 'q3/summary.csv')).toBe(true);
      await expect(
        stsOf(standIn, keyOf(issued)).send(new GetScopedCredentialsCommand({ DurationSeconds: 60 })),
      ).rejects.toMatchObject({ name: 'AccessDenied' });
    },
  );

  test.each([
    ['5 minutes, however long the lease may be carried', {}, 3600, 300],
    ['as the setting says', { sliceTtl: '90s' }, 3600, 90],
    ['no longer than what was granted', {}, 60, 60],
  ])('lasts %s', async (_name, more, ttlSeconds, lasts) => {
    const standIn = await start();
    const { expiresAt = 0 } = await issue(providerOf(standIn, more), orderOf({}, { ttlSeconds }));
    expect(Math.abs(expiresAt - Date.now() - lasts * 1000)).toBeLessThan(30_000);
  });

  test('ISS-03 is refused below a minute, without a call', async () => {
    const standIn = await start();
    await expect(issue(providerOf(standIn), orderOf({}, { ttlSeconds: 59 }))).rejects.toMatchObject({
      code: 'ttl.below_floor',
    });
    expect(standIn.trail()).toEqual([]);
  });

  const wrong: readonly [string, (body: string) => string][] = [
    [
      'of another session',
      (body) => body.replace(/assumed-role\/sliced\/j\.[^<]*/, 'assumed-role/sliced/j.x.y'),
    ],
    ['with no policy on it', (body) => body.replace(/<ScopedPoliciesCount>\d/, '<ScopedPoliciesCount>0')],
    ['that lasts longer', (body) => body.replace(/<Expiration>[^<]*/, '<Expiration>2199-01-01T00:00:00Z')],
    ['without a token', (body) => body.replace(/<SessionToken>.*<\/SessionToken>/, '')],
    ['without its source identity', (body) => body.replace(/<SourceIdentity>.*<\/SourceIdentity>/, '')],
  ];
  test.each(wrong)('is never a slice %s', async (_name, alter) => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const taskId = newTaskId();
    const order = () => orderOf({ sourceIdentity: true }, { taskId });
    await issue(provider, order());
    standIn.setFault({ is: 'altered_answer', alter }, slice);
    await expect(issue(provider, order())).rejects.toMatchObject({ code: 'provider.nonsense' });
  });
});

describe('the next slice', () => {
  test('is cut from the same session, under the same name', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = orderOf();
    const issued = await issue(provider, order);
    const renewed = await provider.renew(order, issued.handle);
    expect(callsOf(standIn)).toEqual(['AssumeRole', 'GetScopedCredentials', 'GetScopedCredentials']);
    expect(keyOf({ secret: renewed.secret! })).not.toEqual(keyOf(issued));
    expect(await reads(standIn, { secret: renewed.secret! }, 'q3/summary.csv')).toBe(true);
    expect(renewed.expiresAt).toBeGreaterThanOrEqual(issued.expiresAt ?? Infinity);
  });

  test('needs a new session after a restart, and that bears the name of the handle', async () => {
    const standIn = await start();
    const taskId = newTaskId();
    const before = providerOf(standIn);
    await issue(before, inTask(taskId));
    const order = inTask(taskId);
    const { handle } = await issue(before, order);

    const after = providerOf(standIn);
    const other = inTask(taskId);
    expect((await issue(after, other)).handle).toEqual(after.plan(other));
    await after.renew(order, handle);
    await after.renew(order, handle);
    const opened = standIn.trail().filter(({ eventName }) => eventName === 'AssumeRole');
    expect(opened).toHaveLength(3);
    const slices = standIn.trail().filter(({ eventName }) => eventName === slice.action);
    expect(slices.slice(-2).map(({ userIdentity }) => userIdentity?.arn.split('/').at(-1))).toEqual([
      handle['sessionName'],
      handle['sessionName'],
    ]);
  });

  test('is cut from a new session when AWS says that the old one is over', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = orderOf();
    const { handle } = await issue(provider, order);
    standIn.setFault(
      { is: 'error', code: 'InsufficientSessionLifetime', status: 400 },
      { ...slice, times: 1 },
    );
    await provider.renew(order, handle);
    expect(callsOf(standIn).filter((call) => call === 'AssumeRole')).toHaveLength(2);
  });

  test('is not cut where it is denied: a whole session would undo the denial', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = orderOf();
    const { handle } = await issue(provider, order);
    standIn.setFault(denied, slice);
    await expect(provider.renew(order, handle)).rejects.toMatchObject({ code: 'provider.refused' });
    expect(callsOf(standIn).at(-1)).toBe('GetScopedCredentials');
  });

  test('is refused when the entry has become another', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = orderOf();
    const { handle } = await issue(provider, order);
    for (const changed of [orderOf({ role: arnOf('reports') }), orderOf({ cutOff: [] })])
      await expect(provider.renew({ ...order, scope: changed.scope }, handle)).rejects.toMatchObject({
        code: 'provider.refused',
      });
  });
});

test('a whole session is renewed by another one of the same name', async () => {
  const standIn = await start();
  const provider = providerOf(standIn);
  const order = orderOf({ cutOff: [] }, { ttlSeconds: 900 });
  const { handle } = await issue(provider, order);
  const { secret } = await provider.renew({ ...order, ttlSeconds: 1800 }, handle);
  expect(await reads(standIn, { secret: secret! }, 'q3/summary.csv')).toBe(true);
  const names = standIn.trail().filter(({ eventName }) => eventName === 'AssumeRole');
  expect(names).toHaveLength(2);
});

describe('where there are no slices', () => {
  const without: readonly [string, object, () => Promise<AwsStandIn>][] = [
    ['the endpoint does not know them', {}, () => start({ slicing: { there: false } })],
    ['the role is not allowed them', { role: arnOf('reports') }, () => start()],
  ];
  test.each(without)(
    '%s: the lease is a whole session, says so, and the operator hears it once',
    async (_name, scope, open) => {
      const standIn = await open();
      const provider = providerOf(standIn);
      const first = await issue(provider, orderOf(scope, { ttlSeconds: 900 }));
      expect(first.effect).toBe('expires_only');
      expect(first.handle).not.toHaveProperty('slices');
      expect(await reads(standIn, first, 'q3/summary.csv')).toBe(true);
      expect(await reads(standIn, first, 'q4/summary.csv')).toBe(false);
      expect(Math.abs((first.expiresAt ?? 0) - Date.now() - 900_000)).toBeLessThan(60_000);
      await issue(provider, orderOf(scope, { ttlSeconds: 900 }));
      expect(provider.told).toEqual([expect.stringContaining('is not to be had')]);
      expect(callsOf(standIn)).toEqual(['AssumeRole', 'GetScopedCredentials', 'AssumeRole', 'AssumeRole']);
    },
  );

  test('ISS-03 nothing below 15 minutes is minted', async () => {
    const standIn = await start({ slicing: { there: false } });
    await expect(issue(providerOf(standIn), orderOf({}, { ttlSeconds: 300 }))).rejects.toMatchObject({
      code: 'ttl.below_floor',
    });
  });

  test('a failure is no sign of it', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    for (const fault of [throttled, broken]) {
      standIn.setFault(fault, { ...slice, times: 1 });
      await expect(issue(provider, orderOf())).rejects.toMatchObject({
        code: expect.stringMatching(/throttled|unavailable/),
      });
    }
    await expect(issue(provider, orderOf({ role: arnOf('closed') }))).rejects.toMatchObject({
      code: 'provider.refused',
    });
    expect(provider.told).toEqual([]);
    expect((await issue(provider, orderOf())).effect).toBeUndefined();
  });
});
