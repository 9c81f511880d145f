import { DeleteRolePolicyCommand, GetRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, test } from '@jest/globals';
import { iamOf } from '../../../../sandbox/aws/clients.js';
import { eventsOf, openAccount, policiesOf } from './cutting.js';

describe('looking after what stands there', () => {
  /** Long after the last write and the last look, on the clock of the process that looks. */
  const later = (account: Awaited<ReturnType<typeof openAccount>>) =>
    account.provider({}, { clock: () => account.ledger.clock() + 40_000 });

  async function cutAccount() {
    const account = await openAccount();
    const provider = account.provider();
    const [ending, live] = [
      await account.hold(provider, await account.openTask()),
      await account.hold(provider, await account.openTask()),
    ];
    const ended = await account.end(ending.lease);
    const written = await provider.revoke(ended.handle, ended);
    if (written.is !== 'written') throw new Error(written.is);
    await account.ledger.leases.settle(ended.id, {
      is: 'waiting',
      untilAt: Date.now() + 60_000,
      writtenAt: written.writtenAt,
    });
    return { account, ending, live, iam: iamOf(account.standIn), names: await policiesOf(account.standIn) };
  }

  test('leaves alone what is right', async () => {
    const { account } = await cutAccount();
    await later(account).upkeep!();
    expect(eventsOf(account.standIn, 'PutRolePolicy')).toHaveLength(1);
  });

  test('writes again what was taken away', async () => {
    const { account, ending, live, iam, names } = await cutAccount();
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'reports', PolicyName: names[0] }));
    expect(await ending.works()).toBe(true);
    await later(account).upkeep!();
    expect(await ending.works()).toBe(false);
    expect(await live.works()).toBe(true);
  });

  test.each([
    ['opened', { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
    [
      'widened until it denies everybody',
      {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'U1',
            Effect: 'Deny',
            Action: '*',
            Resource: '*',
            Condition: { StringLike: { 'aws:userid': ['*:j.*'] } },
          },
        ],
      },
    ],
  ])('writes again what somebody has %s', async (_how, document) => {
    const { account, ending, live, iam, names } = await cutAccount();
    const PolicyDocument = JSON.stringify(document);
    await iam.send(new PutRolePolicyCommand({ RoleName: 'reports', PolicyName: names[0], PolicyDocument }));
    await later(account).upkeep!();
    expect(await ending.works()).toBe(false);
    expect(await live.works()).toBe(true);
    expect(account.logged.map(({ message }) => message)).toContain('the deny document is written again');
  });

  test('takes away what a writer left that was held up; until then it does no harm', async () => {
    const { account, ending, live, iam, names } = await cutAccount();
    const { PolicyDocument = '' } = await iam.send(
      new GetRolePolicyCommand({ RoleName: 'reports', PolicyName: names[0] }),
    );
    const provider = account.provider();
    const third = await account.hold(provider, await account.openTask());
    const ended = await account.end(third.lease);
    await provider.revoke(ended.handle, ended);
    // The document of the first turn comes back under its own name.
    await iam.send(
      new PutRolePolicyCommand({
        ...{ RoleName: 'reports', PolicyName: names[0] },
        PolicyDocument: decodeURIComponent(PolicyDocument),
      }),
    );
    expect(await policiesOf(account.standIn)).toHaveLength(2);
    expect([await ending.works(), await third.works(), await live.works()]).toEqual([false, false, true]);
    await later(account).upkeep!();
    expect(await policiesOf(account.standIn)).toHaveLength(1);
    expect([await ending.works(), await third.works(), await live.works()]).toEqual([false, false, true]);
  });

  test('is done by one: those who come soon after find it done', async () => {
    const { account } = await cutAccount();
    await later(account).upkeep!();
    const before = account.standIn.trail().length;
    await later(account).upkeep!();
    expect(account.standIn.trail()).toHaveLength(before);
  });

  test('an epoch that was lost with the store goes on above what stands at AWS', async () => {
    const { account, ending } = await cutAccount();
    const iam = iamOf(account.standIn);
    const [name] = await policiesOf(account.standIn);
    const { PolicyDocument = '' } = await iam.send(
      new GetRolePolicyCommand({ RoleName: 'reports', PolicyName: name }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        ...{ RoleName: 'reports', PolicyName: 'protem-j-cut-5000' },
        PolicyDocument: decodeURIComponent(PolicyDocument),
      }),
    );
    const provider = account.provider();
    const third = await account.hold(provider, await account.openTask());
    const ended = await account.end(third.lease);
    await provider.revoke(ended.handle, ended);
    expect(await policiesOf(account.standIn)).toEqual(['protem-j-cut-5001']);
    expect([await ending.works(), await third.works()]).toEqual([false, false]);
  });
});
