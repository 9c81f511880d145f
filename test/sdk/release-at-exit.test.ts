import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';

const sdk = pathToFileURL(resolve('build/src/sdk/index.js')).href;

/** A process that holds a lease and then does `last`. */
async function holding(last: string, options = '') {
  const served = await serving();
  const script = `
    import { ProtemClient } from '${sdk}';
    const client = new ProtemClient({ url: '${served.url}', token: process.env.TOKEN, ${options} });
    const task = await client.openTask({ intent: 'count', deadline: '1h' });
    await client.acquire({ task: task.id, credential: 'reports-reader' });
    console.log('holding');
    ${last}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { TOKEN: agentToken },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  await once(child.stdout, 'data');
  const states = () => [...served.broker.leases.values()].map(({ state }) => state);
  return { child, ended, states };
}

test.each([
  ['has nothing left to do', '', [0, null]],
  ['calls process.exit()', 'process.exit(3);', [3, null]],
  ['meets an error that nobody catches', "setTimeout(() => { throw new Error('x'); });", [1, null]],
] as const)('what is held is given back when the process %s', async (_how, last, how) => {
  const { ended, states } = await holding(last);
  expect(await ended).toEqual(how);
  expect(states()).toEqual(['revoking']);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'at %s what is held is given back, and the process still ends by the signal',
  async (signal) => {
    const { child, ended, states } = await holding('setInterval(() => {}, 1000);');
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(states()).toEqual(['revoking']);
  },
);

test('a program that listens to the signal itself decides when it ends', async () => {
  const own =
    "process.on('SIGTERM', () => setTimeout(() => process.exit(7), 50)); setInterval(() => {}, 1000);";
  const { child, ended, states } = await holding(own);
  child.kill('SIGTERM');
  expect(await ended).toEqual([7, null]);
  expect(states()).toEqual(['revoking']);
});

test('releaseOnExit: false leaves what is held alone', async () => {
  const { ended, states } = await holding('process.exit(0);', 'releaseOnExit: false');
  expect(await ended).toEqual([0, null]);
  expect(states()).toEqual(['active']);
});
