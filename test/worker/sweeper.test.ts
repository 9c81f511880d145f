import { expect, test } from '@jest/globals';
import type { Ports } from '../../src/broker/ports.js';
import { sweeper } from '../../src/worker/sweeper.js';

/** One lease falls due in every round; the queue is as given. Resolves to what the sweeper itself has revoked. */
async function sweep(queue: Partial<Ports['queue']>, options: { rounds: number; idle: boolean }) {
  let now = 0;
  let round = 0;
  const queued: string[] = [];
  const revoked: string[] = [];
  let done = () => {};
  const finished = new Promise<void>((resolve) => (done = resolve));
  const ports = {
    ledger: {
      clock: () => now,
      leases: {
        claimDue: () => {
          now += 3000;
          if (++round > options.rounds) {
            done();
            return Promise.resolve({ leaseIds: [], nextDueAt: undefined, now });
          }
          return Promise.resolve({ leaseIds: [`lse_${round}`], nextDueAt: now, now });
        },
      },
    },
    queue: {
      backlog: () => Promise.resolve(0),
      add: (_provider: string, ids: readonly string[]) => Promise.resolve(void queued.push(...ids)),
      close: () => Promise.resolve(),
      ...queue,
    },
    log: { info() {}, warn() {}, error() {} },
  } as unknown as Ports;
  const sweeping = sweeper(ports, 'vault', {
    revokeOne: (id) => Promise.resolve(void revoked.push(id)),
    idle: () => options.idle,
  });
  await finished;
  await sweeping.close();
  return { queued, revoked };
}

test('what is due goes to the queue, and the sweeper revokes nothing itself', async () => {
  expect(await sweep({}, { rounds: 3, idle: true })).toEqual({
    queued: ['lse_1', 'lse_2', 'lse_3'],
    revoked: [],
  });
});

test('I7 what the queue does not take, the sweeper revokes', async () => {
  const add = () => Promise.reject(new Error('OOM'));
  expect((await sweep({ add }, { rounds: 2, idle: true })).revoked).toEqual(['lse_1', 'lse_2']);
});

test('I8 what waits for seconds in a queue that delivers nothing, the sweeper revokes', async () => {
  const { queued, revoked } = await sweep({ backlog: () => Promise.resolve(3) }, { rounds: 4, idle: true });
  expect(queued).toEqual(['lse_1', 'lse_2']);
  expect(revoked).toEqual(['lse_3', 'lse_4']);
});

test('a queue that is only busy is left to its workers', async () => {
  const { revoked } = await sweep({ backlog: () => Promise.resolve(3) }, { rounds: 4, idle: false });
  expect(revoked).toEqual([]);
});
