import { expect, test } from '@jest/globals';
import { arnOf } from '../../../../sandbox/aws/reports-account.js';
import { letIn, openAccount, revokedFully } from './cutting.js';

const both = { role: arnOf('sliced'), cutOff: ['deny', 'slices'] };

test('a lease that is denied and cut in slices is denied at once, and its siblings go on', async () => {
  const account = await openAccount();
  const provider = account.provider();
  const task = await account.openTask();
  const ending = await account.hold(provider, task, both);
  const sibling = await account.hold(provider, task, both);
  expect(provider.effect(account.order(task, both).scope)).toBe('denied_by_policy');
  expect(ending.lease.handle['sessionName']).not.toBe(sibling.lease.handle['sessionName']);
  expect(ending.lease.expiresAt - Date.now()).toBeLessThan(330_000);

  const answers = await revokedFully(provider, await account.end(ending.lease));

  expect(answers[0]).toMatchObject({ is: 'written' });
  expect(await ending.works()).toBe(false);
  expect(await sibling.works()).toBe(true);
});

test('the slice that a renewal cut last is denied with it, and no further one is cut', async () => {
  const account = await openAccount();
  const provider = account.provider();
  const order = account.order(await account.openTask(), both);
  const lease = await account.reserve(provider, order);
  const issued = await provider.issue(order, lease.handle, () => Promise.resolve());
  const renewed = await provider.renew!(order, lease.handle);
  await account.ledger.leases.activate(lease, { expiresAt: renewed.expiresAt, effect: lease.effect });

  await revokedFully(provider, await account.end(lease));

  for (const { secret } of [issued, renewed])
    expect(await letIn(account.standIn, secret!.reveal())).toBe(false);
  const later = account.provider();
  await expect(later.renew!(order, lease.handle)).rejects.toMatchObject({ code: 'provider.refused' });
});

test('where there are no slices it is a whole session, and denied all the same', async () => {
  const account = await openAccount();
  const provider = account.provider();
  const plain = { ...both, role: arnOf('reports') };
  const held = await account.hold(provider, await account.openTask(), plain);
  expect(held.lease.effect).toBe('denied_by_policy');
  expect(await held.works()).toBe(true);
  await revokedFully(provider, await account.end(held.lease));
  expect(await held.works()).toBe(false);
});
