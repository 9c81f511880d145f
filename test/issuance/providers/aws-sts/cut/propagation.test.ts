import { expect, test } from '@jest/globals';
import { deniedAfterMs } from '../../../../live/propagation.js';
import { openAccount, orderFor, reservedBy, revokedFully } from './cutting.js';

test('the measure of the live test: every service denies the session, none before the deny has spread', async () => {
  const spreadMs = 400;
  const { standIn, ledger, provider: open, openTask, end } = await openAccount({ spreadMs });
  const provider = open();
  const order = orderFor(await openTask());
  const lease = await reservedBy(ledger, provider, order);
  const { secret, expiresAt } = await provider.issue(order, lease.handle, () => Promise.resolve());
  const active = (await ledger.leases.activate(lease, { expiresAt, effect: lease.effect }))!;
  const role = String(lease.handle['role']);
  const where = { region: standIn.region, endpoint: standIn.url, role, bucket: 'reports' };
  const watch = (forMs: number) => deniedAfterMs({ ...where, secret: secret.reveal() }, forMs);

  expect([...(await watch(1)).values()]).toEqual([undefined, undefined, undefined]);
  const watching = watch(15_000);
  await revokedFully(provider, await end(active));
  const denied = await watching;
  expect([...denied.keys()].toSorted()).toEqual(['iam', 's3', 'sts']);
  for (const ms of denied.values()) expect(ms).toBeGreaterThanOrEqual(spreadMs);
});
