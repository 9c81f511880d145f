import { expect, jest, test } from '@jest/globals';
import { agentToken, operatorToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import type { Serving } from '../http/serving.js';
import { protem } from './protem.js';

// Processes, some of them several: a busy machine may take its time.
jest.setTimeout(120_000);

const environmentOf = ({ url }: Serving) => ({ PROTEM_URL: url, PROTEM_TOKEN: agentToken });
const run = (served: Serving, ...words: string[]) =>
  protem(environmentOf(served), 'run', '--credential', 'reports-reader', ...words);
const outcomes = ({ broker }: Serving) => [...broker.tasks.values()].map(({ outcome }) => outcome);

test('the command gets the credential, its output is masked, and the task ends with it, with its exit code', async () => {
  const served = await serving();
  const script = 'echo "$AWS_SECRET_ACCESS_KEY|$AWS_ACCESS_KEY_ID|$PROTEM_TASK|$PROTEM_TOKEN"; exit 7';
  const { code, out } = await run(served, '--', 'sh', '-c', script).ended;
  expect(code).toBe(7);
  expect(out).toMatch(/^\[secret\]\|\[secret\]\|tsk_\w{8}\|\n$/);
  expect(outcomes(served)).toEqual(['failed']);
});

test('--no-mask leaves the output as it is, and a command that succeeds completes its task', async () => {
  const served = await serving();
  const { code, out } = await run(served, '--no-mask', '--', 'sh', '-c', 'echo $AWS_SECRET_ACCESS_KEY').ended;
  expect([code, out]).toEqual([0, 'pretended\n']);
  expect(outcomes(served)).toEqual(['completed']);
});

test('the task ends when the command is killed, and the exit code is that of a shell', async () => {
  const served = await serving();
  const { code } = await run(served, '--', 'sh', '-c', 'kill -KILL $$').ended;
  expect(code).toBe(137);
  expect(outcomes(served)).toEqual(['failed']);
});

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  'at %s the command is told, and the task ends as cancelled',
  async (signal) => {
    const served = await serving();
    const script = `trap 'echo told; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const running = run(served, '--', 'sh', '-c', script);
    await running.said('ready');
    running.child.kill(signal);
    const { code, out } = await running.ended;
    expect([code, out]).toEqual([9, 'ready\ntold\n']);
    expect(outcomes(served)).toEqual(['cancelled']);
  },
);

test('the task has a deadline that ends it when protem itself is killed', async () => {
  const served = await serving();
  const running = run(served, '--deadline', '10m', '--', 'sh', '-c', 'echo $PPID; cat; :');
  await running.said('\n');
  running.child.kill('SIGKILL');
  running.child.stdin.end();
  await running.ended;
  const [task] = served.broker.tasks.values();
  expect([task?.state, task && task.deadlineAt - task.openedAt]).toEqual(['open', 600_000]);
});

test('a broker that has gone in the middle takes nothing from the command, and is told', async () => {
  const served = await serving();
  const running = run(served, '--', 'sh', '-c', 'echo ready; cat >/dev/null; exit 0');
  await running.said('ready');
  served.server.closeAllConnections();
  await served.stop();
  running.child.stdin.end();
  const { code, err } = await running.ended;
  expect(code).toBe(1);
  expect(err).toMatch(/tsk_\w{8} could not be ended; it ends at its deadline/);
});

test('in a task of somebody else only what was taken is given back', async () => {
  const served = await serving();
  const { json } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const { code } = await run(served, '--task', String(json['id']), '--', 'true').ended;
  expect(code).toBe(0);
  expect(outcomes(served)).toEqual([undefined]);
  expect([...served.broker.leases.values()].map(({ state }) => state)).toEqual(['revoking']);
});

test('it does not run inside itself unless it is told to', async () => {
  const served = await serving();
  const inside = { ...environmentOf(served), PROTEM_LEASE_ID: 'lse_AAAAAAAABBBBBB' };
  const { code, err } = await protem(inside, 'run', '--credential', 'reports-reader', '--', 'true').ended;
  expect(code).toBe(2);
  expect(err).toContain('--nested');
});

test.each([
  ['is no command', ['--', '/nowhere/x'], 2],
  ['has no entry of this name', ['--credential', 'nothing', '--', 'true'], 1],
])('what %s fails before it runs, and leaves no task open', async (_what, words, expected) => {
  const served = await serving();
  const { code } = await run(served, ...words).ended;
  expect(code).toBe(expected);
  expect(outcomes(served)).toEqual(['failed']);
});

test.each([
  ['a token that has expired', { PROTEM_TOKEN: 'expired' }, 4, 'identity.unproven'],
  ['no token', { PROTEM_TOKEN: undefined }, 2, 'PROTEM_TOKEN'],
  ['no broker', { PROTEM_URL: 'http://127.0.0.1:1' }, 1, 'client.unreachable'],
])('with %s nothing runs', async (_what, environment, expected, said) => {
  const served = await serving();
  const words = ['run', '--credential', 'reports-reader', '--', 'echo', 'it ran'];
  const { code, out, err } = await protem({ ...environmentOf(served), ...environment }, ...words).ended;
  expect([code, out]).toEqual([expected, '']);
  expect(err).toContain(said);
});

test('revoking a whole task asks first, and where nobody can be asked it does nothing', async () => {
  const served = await serving();
  const { json } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const words = ['lease', 'revoke', '--task', String(json['id'])];
  const operator = { ...environmentOf(served), PROTEM_TOKEN: operatorToken };
  const { code, err } = await protem(operator, ...words).ended;
  expect(code).toBe(2);
  expect(err).toContain('--yes');
  expect(served.broker.calls.filter(({ verb }) => verb === 'revokeMany')).toHaveLength(0);
  expect((await protem(operator, ...words, '--yes').ended).code).toBe(0);
  expect(served.broker.calls.filter(({ verb }) => verb === 'revokeMany')).toHaveLength(1);
});

test('the kill switch previews, asks, and needs a reason', async () => {
  const served = await serving();
  const operator = { ...environmentOf(served), PROTEM_TOKEN: operatorToken };
  const words = ['kill', '--scope', 'provider', '--name', 'aws'];
  expect((await protem(operator, ...words).ended).code).toBe(2);
  const preview = await protem(operator, ...words, '--reason', 'a leak', '--dry-run', '--field', 'total')
    .ended;
  expect([preview.code, preview.out]).toEqual([0, expect.stringMatching(/^\d+\n$/)]);
  expect((await protem(operator, ...words, '--reason', 'a leak').ended).err).toContain('--yes');
  expect(served.broker.calls.filter(({ verb }) => verb === 'revokeMany')).toHaveLength(0);
  const done = await protem(operator, ...words, '--reason', 'a leak', '--yes', '--field', 'block.id').ended;
  expect([done.code, done.out]).toEqual([0, 'blk_00000000\n']);
  const lifted = await protem(operator, 'unkill', 'blk_00000000', '--reason', 'mended', '--field', 'id')
    .ended;
  expect(lifted.out).toBe('blk_00000000\n');
});
