import { expect, test } from '@jest/globals';
import { onItsWayMs } from '../../src/broker/orphans.js';
import type { Ports } from '../../src/broker/ports.js';
import { orphanScan } from '../../src/worker/orphan-scan.js';
import { eventually } from '../stack/eventually.js';

const limits = { mintTimeoutMs: 2000 } as Ports['limits'];

test('rule 7: a store that went back is scanned for at once, and again when its last moment can be judged', async () => {
  let goneBack = false;
  let now = 0;
  const scannedAt: number[] = [];
  let rounds = 0;
  const scan = () => {
    scannedAt.push(now);
    return (async function* () {})();
  };
  const ports = {
    limits,
    guard: {
      hasGoneBack() {
        rounds++;
        return goneBack;
      },
    },
    providers: new Map([['vault', { name: 'vault', scan }]]),
    ledger: { takeTurn: () => Promise.resolve(false) },
    log: { warn() {} },
  } as unknown as Ports;
  const scanning = orphanScan(ports, { now: () => now, doubtEveryMs: 1 });
  const someRounds = async () => {
    const from = rounds;
    await eventually('it has looked again', () => rounds >= from + 3);
  };
  await someRounds();
  expect(scannedAt).toEqual([]);
  goneBack = true;
  await someRounds();
  expect(scannedAt).toEqual([0]);
  now = onItsWayMs(limits) - 1;
  await someRounds();
  // An operator accepts it meanwhile: what is left behind at the provider is there all the same.
  goneBack = false;
  now = onItsWayMs(limits);
  await someRounds();
  expect(scannedAt).toEqual([0, onItsWayMs(limits)]);
  await scanning.close();
});
