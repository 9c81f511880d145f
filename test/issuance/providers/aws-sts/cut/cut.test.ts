import { DeleteRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, test } from '@jest/globals';
import { broken, throttled } from '../../../../../src/sandbox/aws/fault.js';
import { iamOf } from '../../../../sandbox/aws/clients.js';
import { arnOf } from '../../../../sandbox/aws/reports-account.js';
import { eventsOf, letIn, openAccount, policiesOf, revokedFully } from './cutting.js';

describe('ending a lease', () => {
  test('denies its session; its siblings, other tasks and what is issued later go on', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const [one, other] = [await account.openTask(), await account.openTask()];
    const ending = await account.hold(provider, one);
    const sibling = await account.hold(provider, one);
    const stranger = await account.hold(provider, other);
    expect(provider.effect(account.order(one).scope)).toBe('denied_by_policy');
    expect(await ending.works()).toBe(true);

    const answers = await revokedFully(provider, await account.end(ending.lease));

    expect(answers[0]).toMatchObject({ is: 'written', writtenAt: expect.any(Number) });
    expect(answers.at(-1)).toEqual({ is: 'revoked' });
    expect(await ending.works()).toBe(false);
    expect(await sibling.works()).toBe(true);
    expect(await stranger.works()).toBe(true);
    expect(await (await account.hold(provider, one)).works()).toBe(true);
  });

  test('of many at once is one write or two, and none is lost', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const held = [];
    for (let i = 0; i < 30; i++) held.push(await account.hold(provider, await account.openTask()));
    const spared = await account.hold(provider, await account.openTask());

    const ended = await Promise.all(held.map(({ lease }) => account.end(lease)));
    await Promise.all(ended.map((lease) => provider.revoke(lease.handle, lease)));

    expect(eventsOf(account.standIn, 'PutRolePolicy').length).toBeLessThanOrEqual(2);
    expect(await Promise.all(held.map(({ works }) => works()))).toEqual(held.map(() => false));
    expect(await spared.works()).toBe(true);
    expect(await policiesOf(account.standIn)).toHaveLength(1);
  });

  test('by several workers at once loses nothing, and one document is left', async () => {
    const account = await openAccount();
    const workers = [account.provider(), account.provider(), account.provider()];
    const held = [];
    for (let i = 0; i < 12; i++) held.push(await account.hold(workers[i % 3]!, await account.openTask()));
    const spared = await account.hold(workers[0]!, await account.openTask());

    await Promise.all(
      held.map(async ({ lease }, i) => {
        const ended = await account.end(lease);
        await workers[i % 3]!.revoke(ended.handle, ended);
      }),
    );

    expect(await Promise.all(held.map(({ works }) => works()))).toEqual(held.map(() => false));
    expect(await spared.works()).toBe(true);
    expect(await policiesOf(account.standIn)).toHaveLength(1);
  });

  test('of a session that ends by itself before a deny could be in force writes nothing', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const { lease } = await account.hold(provider, await account.openTask());
    const ended = await account.end(lease);
    const before = account.standIn.trail().length;
    expect(await provider.revoke(lease.handle, { ...ended, expiresAt: Date.now() + 1000 })).toEqual({
      is: 'expires',
    });
    expect(account.standIn.trail()).toHaveLength(before);
  });

  test('while its session may still be made, denies it before there is one', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const order = account.order(await account.openTask());
    const reserved = await account.reserve(provider, order);
    const ended = await account.end(reserved);
    await provider.revoke(ended.handle, ended);
    const { secret } = await provider.issue(order, reserved.handle, () => Promise.resolve());
    expect(await letIn(account.standIn, secret.reveal())).toBe(false);
  });

  test('another role of the same name, in the account of the broker, is never written to', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const role = arnOf('reports').replace('/jit/', '/other/');
    const order = account.order(await account.openTask(), { role });
    const ended = await account.end(await account.reserve(provider, order));
    await expect(provider.revoke(ended.handle, ended)).rejects.toMatchObject({ code: 'provider.refused' });
    expect(eventsOf(account.standIn, 'PutRolePolicy')).toEqual([]);
  });
});

describe('in force', () => {
  test('is said only once AWS was seen to refuse, and not before the change has spread', async () => {
    const spreadMs = 1500;
    const account = await openAccount({ spreadMs });
    const provider = account.provider();
    const { lease, works } = await account.hold(provider, await account.openTask());
    const ended = await account.end(lease);
    const first = await provider.revoke(ended.handle, ended);
    expect(first.is).toBe('written');
    const answers = await revokedFully(provider, { ...ended, ...first });
    expect(answers.filter(({ is }) => is === 'written').length).toBeGreaterThan(0);
    expect(await works()).toBe(false);
  });

  test('is known to workers that did not write', async () => {
    const account = await openAccount();
    const [writing, asking] = [account.provider(), account.provider()];
    const { lease } = await account.hold(writing, await account.openTask());
    const ended = await account.end(lease);
    const written = await writing.revoke(ended.handle, ended);
    expect(await revokedFully(asking, { ...ended, ...written })).toContainEqual({ is: 'revoked' });
  });

  test('without a probe is said when so much time has passed and the deny still stands; it is written again when not', async () => {
    const account = await openAccount();
    const provider = account.provider({ effectiveAfter: '1s' });
    const { lease, works } = await account.hold(provider, await account.openTask());
    const ended = await account.end(lease);
    account.standIn.setFault(broken, { action: 'AssumeRole', times: 1 });
    const first = await provider.revoke(ended.handle, ended);
    expect(account.logged.map(({ message }) => message)).toContainEqual(expect.stringContaining('no probe'));
    if (first.is !== 'written') throw new Error(first.is);
    expect(await provider.revoke(ended.handle, { ...ended, ...first })).toMatchObject({ is: 'written' });

    const [name] = await policiesOf(account.standIn);
    const iam = iamOf(account.standIn);
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'reports', PolicyName: name }));
    expect(await works()).toBe(true);
    const answers = await revokedFully(provider, { ...ended, ...first });
    expect(answers.at(-1)).toEqual({ is: 'revoked' });
    expect(await works()).toBe(false);
  });

  test('the credentials of the probe are nowhere', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const { lease } = await account.hold(provider, await account.openTask());
    await revokedFully(provider, await account.end(lease));
    const shared = account.ledger.shared('aws');
    const notes = await Promise.all(
      ['written', 'confirmed'].map((kind) => shared.note(kind, `role:${arnOf('reports')}`)),
    );
    expect(JSON.stringify([notes, account.logged])).not.toMatch(/ASIA|SessionToken|Secret/);
  });
});

describe('what goes wrong', () => {
  test('throttling fails the attempt, the next ones fail at once for a while, and another role is not delayed', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const here = await account.hold(provider, await account.openTask());
    const there = await account.hold(provider, await account.openTask(), { role: arnOf('long') });
    const [endedHere, endedThere] = [await account.end(here.lease), await account.end(there.lease)];
    account.standIn.setFault(throttled, { action: 'PutRolePolicy', times: 1 });
    await expect(provider.revoke(endedHere.handle, endedHere)).rejects.toMatchObject({
      code: 'provider.throttled',
    });
    const calls = account.standIn.trail().length;
    await expect(provider.revoke(endedHere.handle, endedHere)).rejects.toMatchObject({
      code: 'provider.throttled',
    });
    expect(account.standIn.trail()).toHaveLength(calls);
    expect(await provider.revoke(endedThere.handle, endedThere)).toMatchObject({ is: 'written' });
    expect(await here.works()).toBe(true);

    for (let asked = 0; (await here.works()) && asked < 100; asked++) {
      await provider.revoke(endedHere.handle, endedHere).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await here.works()).toBe(false);
  });

  test('where there is no room beside the document before, it takes its place', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const iam = iamOf(account.standIn);
    const big = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${'x'.repeat(9_500)}` }],
    });
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'reports', PolicyName: 'of-others', PolicyDocument: big }),
    );
    const held = [];
    for (let i = 0; i < 3; i++) held.push(await account.hold(provider, await account.openTask()));
    for (const { lease } of held) {
      const ended = await account.end(lease);
      await provider.revoke(ended.handle, ended);
    }
    expect(await Promise.all(held.map(({ works }) => works()))).toEqual([false, false, false]);
    expect(await policiesOf(account.standIn)).toHaveLength(1);
  });

  test('a full role gets no new lease: the next of the pool does, and with none left it is a fault', async () => {
    const account = await openAccount();
    const provider = account.provider();
    const fill = (role: string, size: number) =>
      account.ledger.shared('aws').leaveNote('written', `role:${arnOf(role)}`, {
        ...{ epoch: 1, writtenAt: 1, readAt: 1, size, capacity: 1000 },
      });
    const taken = (from: typeof provider) => {
      try {
        return from.plan(account.order('tsk_AAAAAAAA', { roles: [arnOf('long')] }))['role'];
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    /** How full a role is, is looked up beside planning. */
    const comesTo = async (wanted: string) => {
      const fresh = account.provider();
      for (let i = 0; taken(fresh) !== wanted && i < 200; i++)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return taken(fresh);
    };
    expect(taken(provider)).toBe(arnOf('reports'));
    await fill('reports', 900);
    expect(await comesTo(arnOf('reports'))).toBe(arnOf('reports'));
    await fill('reports', 901);
    expect(await comesTo(arnOf('long'))).toBe(arnOf('long'));
    await fill('long', 1200);
    expect(await comesTo('provider.full')).toBe('provider.full');
  });
});
