import { afterEach, expect, test } from '@jest/globals';
import { flyCanary } from '../../src/broker/canary.js';
import { silentMeter } from '../../src/broker/meter.js';
import { Fault } from '../../src/kernel/fault.js';
import { canaryFlights } from '../../src/worker/canary-flights.js';
import type { Repeating } from '../../src/worker/repeat.js';
import { policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { plant, until } from './working.js';

const flying: Repeating[] = [];
afterEach(async () => {
  await Promise.all(flying.splice(0).map((each) => each.close()));
});

const canary = { entry: 'pretend-entry', parameters: {}, everyMs: 3_600_000 };

test('rule 10: the canary goes the whole way, and is measured from the end of its task to its revocation', async () => {
  const provider = pretendProvider();
  const { ports, ledger, startWorker } = await plant([provider]);
  await startWorker();
  const seconds = await flyCanary(ports, canary, new AbortController().signal);
  const [lease] = (await ledger.leases.list({ agent: 'protem:canary', pageSize: 10 })).items;
  expect(lease).toMatchObject({ state: 'revoked', cause: 'task_end', entry: 'pretend-entry' });
  expect(seconds).toBe((lease!.endedAt! - lease!.revocationRequestedAt!) / 1000);
  expect(provider.live.size).toBe(0);
  expect((await ledger.tasks.list({ agent: 'protem:canary', pageSize: 10 })).items).toMatchObject([
    { state: 'ended', outcome: 'completed' },
  ]);
});

test('of several workers one flies it in each interval, and says how it went', async () => {
  const flown: unknown[][] = [];
  const { ports, startWorker, ledger } = await plant([pretendProvider()]);
  await startWorker();
  const meter = { ...silentMeter, canary: (...facts: unknown[]) => void flown.push(facts) };
  for (let worker = 0; worker < 3; worker++) flying.push(canaryFlights({ ...ports, meter }, canary));
  await until(() => flown.length > 0);
  expect(flown).toEqual([['revoked', expect.any(Number)]]);
  expect((await ledger.tasks.list({ agent: 'protem:canary', pageSize: 10 })).items).toHaveLength(1);
});

test.each([
  ['what policy does not permit', 'credential.unknown', {}],
  ['what cannot be minted', 'provider.refused', { issue: new Fault('provider.refused', 'no') }],
  ['what is not revoked in time', 'internal', { revoke: new Fault('provider.refused', 'no') }],
])('a canary that asks for %s has failed, aloud', async (_what, outcome, failing) => {
  const flown: unknown[][] = [];
  const provider = pretendProvider();
  provider.failing = failing;
  const { ports, startWorker, told, ledger } = await plant([provider]);
  await startWorker();
  const meter = { ...silentMeter, canary: (...facts: unknown[]) => void flown.push(facts) };
  const limits = { ...ports.limits, longestOverdueMs: 300 };
  const policy = outcome === 'credential.unknown' ? () => policyOf([]) : ports.policy;
  flying.push(canaryFlights({ ...ports, meter, limits, policy }, canary));
  await until(() => flown.length > 0);
  expect(flown).toEqual([[outcome]]);
  expect(told).toContain('the canary failed');
  const [task] = (await ledger.tasks.list({ agent: 'protem:canary', pageSize: 10 })).items;
  expect(task?.state).toBe('ended');
});
