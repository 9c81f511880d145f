import { expect, test } from '@jest/globals';
import { awsSts } from '../../../../../src/issuance/providers/aws-sts/index.js';
import { liftStops, stopsOf, writeStops } from '../../../../../src/issuance/providers/aws-sts/role/stop.js';
import { arnOf } from '../../../../sandbox/aws/reports-account.js';
import { openAccount } from '../cut/cutting.js';
import { judged, now } from '../cut/judge.js';
import { entryOf } from './printed-account.js';

const hop = 'arn:aws:iam::111122223333:role/jit/hop';
const role = arnOf('reports');
const going = entryOf({ role, cutOff: ['deny'], sourceIdentity: true, chainedRoles: [hop] });
const settings = awsSts.settings.parse({ region: 'eu-central-1' });
const [here, there] = stopsOf(role, [going], settings, new Date(now * 1000));

test('4.4e every session of the broker from before that time is denied, and nothing else is', async () => {
  expect([here!.role, there!.role]).toEqual([role, hop]);
  const session = { name: 'j.tAAAAAAA.1', issuedSeconds: now - 1 };
  expect(await judged(session, [here!.document])).toBe('explicitly_denied');
  expect(await judged({ ...session, issuedSeconds: now - 43_200 }, [here!.document])).toBe(
    'explicitly_denied',
  );
  expect(await judged({ ...session, issuedSeconds: now }, [here!.document])).toBe('allowed');
  expect(await judged({ ...session, name: 'alice@example.com' }, [here!.document])).toBe('allowed');
});

test('4.4e so is what went on from such a session, where it went on to', async () => {
  const onwards = { name: 'any-name', issuedSeconds: now - 1, sourceIdentity: 'j.tAAAAAAA.1' };
  expect(await judged(onwards, [there!.document])).toBe('explicitly_denied');
  expect(await judged({ ...onwards, sourceIdentity: 'alice' }, [there!.document])).toBe('allowed');
  const { sourceIdentity: _none, ...nameless } = onwards;
  expect(await judged(nameless, [there!.document])).toBe('allowed');
});

test('at the account: what was held works no more, healing leaves it so, and lifting it lets it work', async () => {
  const account = await openAccount();
  const provider = account.provider();
  const held = [
    await account.hold(provider, await account.openTask()),
    await account.hold(provider, await account.openTask()),
  ];
  const work = () => Promise.all(held.map(({ works }) => works()));
  const own = awsSts.settings.parse({
    region: account.standIn.region,
    endpoint: account.standIn.url,
    credentials: { ...account.standIn.accessKey },
  });
  const stops = stopsOf(role, [entryOf({ role, cutOff: ['deny'] })], own, new Date(Date.now() + 2000));
  expect(await work()).toEqual([true, true]);
  await writeStops(own, stops);
  expect(await work()).toEqual([false, false]);

  const [first] = held;
  const ended = await account.end(first!.lease);
  await provider.revoke(ended.handle, ended);
  await account.provider({}, { clock: () => account.ledger.clock() + 40_000 }).upkeep!();
  expect(await work()).toEqual([false, false]);

  await liftStops(own, stops);
  await liftStops(own, stops);
  expect(await work()).toEqual([false, true]);
});

test('a role of the same name in another account is left alone', async () => {
  const account = await openAccount();
  const own = awsSts.settings.parse({
    region: account.standIn.region,
    endpoint: account.standIn.url,
    credentials: { ...account.standIn.accessKey },
  });
  const foreign = role.replace(/::\d+:/, '::999988887777:');
  const stops = stopsOf(foreign, [entryOf({ role: foreign })], own, new Date());
  await expect(writeStops(own, stops)).rejects.toMatchObject({ code: 'provider.refused' });
});
