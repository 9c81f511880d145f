import { readFileSync } from 'node:fs';
import { afterEach, expect, jest, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import type { Serving } from '../http/serving.js';
import { eventually } from '../stack/eventually.js';
import { protem } from './protem.js';

// Processes, some of them several: a busy machine may take its time.
jest.setTimeout(120_000);

const run = ({ url }: Serving, ...words: string[]) =>
  protem(
    { PROTEM_URL: url, PROTEM_TOKEN: agentToken },
    'run',
    '--credential',
    'reports-reader',
    '--',
    ...words,
  );
const outcomes = ({ broker }: Serving) => [...broker.tasks.values()].map(({ outcome }) => outcome);

const left: number[] = [];
afterEach(() => {
  for (const pid of left.splice(0)) process.kill(pid, 'SIGKILL');
});

test('a daemon that the command leaves behind, with its output open, keeps neither the task nor protem', async () => {
  const served = await serving();
  const { code, out } = await run(served, 'sh', '-c', 'sleep 600 & echo $!').ended;
  left.push(Number(out));
  expect([code, outcomes(served)]).toEqual([0, ['completed']]);
});

test('what the command wrote last is there, though its output was not read to its end when it exited', async () => {
  const served = await serving();
  const { out } = await run(served, 'sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; echo end').ended;
  expect([out.length, out.slice(-4)]).toEqual([3_000_004, 'end\n']);
});

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  'at %s while it waits for a credential nothing runs, and the task ends as cancelled',
  async (signal) => {
    let said = () => {};
    const asked = new Promise<void>((resolve) => (said = resolve));
    const grantOrAsk = () => {
      said();
      return new Promise<never>(() => {});
    };
    const served = await serving({ broker: { grantOrAsk } });
    const running = run(served, 'echo', 'it ran');
    await asked;
    running.child.kill(signal);
    const { code, out, err } = await running.ended;
    expect([code, out]).toEqual([{ SIGTERM: 143, SIGHUP: 129, SIGINT: 130 }[signal], '']);
    expect(err).toContain(signal);
    expect(outcomes(served)).toEqual(['cancelled']);
  },
);

test('a command that was stopped goes on to take the signal', async () => {
  const served = await serving();
  const running = run(served, 'sh', '-c', 'echo $$; kill -STOP $$; sleep 600');
  const pid = Number(await running.said('\n'));
  const isStopped = () => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  await eventually('stopped', isStopped, 60_000);
  running.child.kill('SIGTERM');
  const { code } = await running.ended;
  expect([code, outcomes(served)]).toEqual([143, ['cancelled']]);
});

test('a signal that ends nobody leaves the outcome to the command', async () => {
  const served = await serving();
  const running = run(
    served,
    'sh',
    '-c',
    'trap "echo told; exit 0" USR1; echo ready; while :; do sleep 0.05; done',
  );
  await running.said('ready');
  running.child.kill('SIGUSR1');
  const { code } = await running.ended;
  expect([code, outcomes(served)]).toEqual([0, ['completed']]);
});

test('whoever read its output has gone: the command is told by its own writing, and the task ends', async () => {
  const served = await serving();
  const running = run(served, 'yes');
  await running.said('y');
  running.child.stdout.destroy();
  const { code } = await running.ended;
  expect(code).not.toBe(0);
  expect(outcomes(served)).toEqual(['failed']);
});
