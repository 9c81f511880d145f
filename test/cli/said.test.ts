import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, jest, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import { agentToken, operatorToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import { protem } from './protem.js';

// Processes, some of them several: a busy machine may take its time.
jest.setTimeout(120_000);

const whoever = { PROTEM_TOKEN: agentToken };
const ran = ['run', '--credential', 'reports-reader', '--'];

test('a URL without its scheme is told as what it is', async () => {
  const { code, err } = await protem({ ...whoever, PROTEM_URL: '127.0.0.1:8700' }, 'task', 'ls').ended;
  expect(code).toBe(2);
  expect(err).toBe('"127.0.0.1:8700" is not the address of a broker: it begins with https:// or http://.\n');
});

test('a broker that does not answer is told by its address', async () => {
  const at = { ...whoever, PROTEM_URL: 'http://127.0.0.1:1' };
  const { code, err } = await protem(at, 'task', 'ls').ended;
  expect(code).toBe(1);
  expect(err).toMatch(/^client\.unreachable: The broker at http:\/\/127\.0\.0\.1:1 did not answer\./);
});

test('a command that is not there is told in words', async () => {
  const { url } = await serving();
  const { code, err } = await protem({ ...whoever, PROTEM_URL: url }, ...ran, 'no-such-command').ended;
  expect([code, err]).toEqual([2, '"no-such-command" could not be started: there is no such command\n']);
});

test('a file that is not there is told by its name, and with what to do', async () => {
  const { code, err } = await protem({}, 'audit', 'verify', 'no-such.jsonl').ended;
  expect([code, err]).toEqual([
    1,
    'There is no no-such.jsonl. Check the name, and the folder that this was started in.\n',
  ]);
});

test('a port that is taken is told with what to do', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, err } = await protem(
    { ...whoever, PROTEM_URL: 'http://127.0.0.1:1' },
    ...['serve-credentials', '--credential', 'reports-reader', '--task', 'tsk_00000000', '--port', `${port}`],
  ).ended;
  taken.close();
  expect([code, err]).toEqual([
    1,
    `Something listens on 127.0.0.1:${port} already. End it, or name another port.\n`,
  ]);
});

test('a webhook that ended nothing is told as that, as its answer is a 200', async () => {
  const broker = createServer((_request, answer) => answer.end('{"effect":"ignored"}')).listen(
    0,
    '127.0.0.1',
  );
  await once(broker, 'listening');
  const { port } = broker.address() as AddressInfo;
  const at = { PROTEM_URL: `http://127.0.0.1:${port}`, PROTEM_HOOK_SECRET: 'a secret of github' };
  const words = ['--source', 'github', '--scheme', 'github', '--task', 'tsk_00000000'];
  const { code, out, err } = await protem(at, 'webhook', 'test', ...words).ended;
  broker.close();
  expect([code, out]).toEqual([0, '{"effect":"ignored"}\n']);
  expect(err).toMatch(/^It is proven, and ends no task: /);
});

test.each([
  ['id', ': it is a list, as in [0].id'],
  ['[0].lease', ': there is name, '],
])('a field that is not there is answered with those that are: %s', async (field, told) => {
  const { url } = await serving();
  const at = { ...whoever, PROTEM_URL: url };
  const { code, out, err } = await protem(at, 'catalog', 'ls', '--field', field).ended;
  expect([code, out, err]).toEqual([
    2,
    '',
    expect.stringContaining(`There is no field "${field}" in the answer${told}`),
  ]);
});

test('a person who has to approve is told of once, where nobody waits for it', async () => {
  const approval = { id: 'apr_1', status: 'pending', url: 'https://protem.example/apr_1' };
  const broker = createServer((_request, answer) =>
    answer.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ approval })),
  ).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const { port } = broker.address() as AddressInfo;
  const at = { ...whoever, PROTEM_URL: `http://127.0.0.1:${port}` };
  const words = ['request', 'payments-admin', '--task', 'tsk_00000000', '--no-wait'];
  const { code, err } = await protem(at, ...words).ended;
  broker.close();
  expect([code, err]).toEqual([
    5,
    `client.approval_pending: A person has to approve this: ${approval.url}
  Ask again with the approval apr_1 once it has been answered.
`,
  ]);
});

const reachesNothing = {
  total: 0,
  byProvider: {},
  byEntry: {},
  byAgent: {},
  byEffect: {},
  leases: [],
  approvals: 0,
};
const unknownAgent = () => Promise.reject(new Fault('agent.unknown', 'There is no agent of this id.'));

test.each([
  [
    '--dry-run',
    'agent',
    true,
    'No live lease or open approval is of agent reprter now; the broker knows this agent.',
  ],
  [
    '--yes',
    'agent',
    true,
    'No live lease or open approval is of agent reprter now; the broker knows this agent.',
  ],
  [
    '--yes',
    'agent',
    false,
    'This broker has never seen an agent reprter, nor do its settings have it: see that the name is right.',
  ],
  ['--dry-run', 'owner', true, 'No live lease or open approval is of owner reprter now.'],
])(
  'a kill switch that reaches nothing says why (%s, %s, known: %s)',
  async (option, scope, isKnown, said) => {
    const blastRadius = () => Promise.resolve(reachesNothing);
    const { url } = await serving({
      broker: isKnown ? { blastRadius } : { blastRadius, findAgent: unknownAgent },
    });
    const words = ['kill', '--scope', scope, '--name', 'reprter', '--reason', 'a leak', option];
    const { code, err } = await protem({ PROTEM_URL: url, PROTEM_TOKEN: operatorToken }, ...words).ended;
    expect([code, err]).toEqual([0, `${said}\n`]);
  },
);

test.each(['--dry-run', '--yes'])(
  'a name that the broker does not know is refused, and nothing stopped (%s)',
  async (option) => {
    const errors = [
      { pointer: '/provider', detail: 'neither in the settings nor of anything live; there are: vault' },
    ];
    const refuse = () =>
      Promise.reject(new Fault('request.malformed', 'There is no provider of this name.', { errors }));
    const { url, broker } = await serving({ broker: { blastRadius: refuse } });
    const words = ['kill', '--scope', 'provider', '--name', 'vualt', '--reason', 'a leak', option];
    const { code, err } = await protem({ PROTEM_URL: url, PROTEM_TOKEN: operatorToken }, ...words).ended;
    expect([code, err]).toEqual([1, expect.stringContaining(`/provider: ${errors[0]!.detail}`)]);
    expect(broker.calls.some(({ verb }) => verb === 'revokeMany')).toBe(false);
  },
);

test('protem mcp takes its token where every client verb does, and says what it lacks', async () => {
  const at = { PROTEM_URL: 'http://127.0.0.1:1', PROTEM_INTENT: 'count' };
  const serving = protem({ ...at, PROTEM_TOKEN: agentToken }, 'mcp');
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  serving.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  await serving.said('"serverInfo"');
  serving.child.stdin.end();
  expect((await serving.ended).code).toBe(0);
  const { code, err } = await protem(at, 'mcp').ended;
  expect([code, err]).toEqual([2, expect.stringContaining('Who are you? Set PROTEM_TOKEN_FILE')]);
});
