import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { narrowedOf } from '../../src/cli/commands/delegate.js';
import { UsageError } from '../../src/cli/terminal.js';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { protem } from './protem.js';

// Processes, several of them: a busy machine may take its time.
jest.setTimeout(120_000);

const charts = 'spiffe://sandbox.protem.example/agent/charts';
let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const operator = { kind: 'operator', role: 'approver' };
  for (const subject of ['reporter', 'charts', 'olga']) {
    const body = new URLSearchParams({ subject, ...(subject === 'olga' && operator) });
    const answer = await fetch(`${sandbox.places.issuer}/token`, { method: 'POST', body });
    tokens[subject] = ((await answer.json()) as { access_token: string }).access_token;
  }
});
afterAll(() => sandbox.close());

const as = (subject: string, more: Record<string, string> = {}) => ({
  PROTEM_URL: sandbox.places.api,
  PROTEM_TOKEN: tokens[subject],
  ...more,
});
async function openedTask(): Promise<string> {
  const { out } = await protem(as('reporter'), 'task', 'open', '--intent', 'count', '--field', 'id').ended;
  return out.trim();
}

test('a step is announced: the exit code is what was decided, and the task lists it', async () => {
  const PROTEM_TASK = await openedTask();
  const permitted = await protem(as('reporter', { PROTEM_TASK }), 'step', 'announce', 's3.get').ended;
  expect([permitted.code, JSON.parse(permitted.out)]).toEqual([
    0,
    expect.objectContaining({ task: PROTEM_TASK, tool: 's3.get', decision: 'permit', kind: 'read' }),
  ]);
  const words = ['step', 'announce', 'shell.run', '--task', PROTEM_TASK, '--field', 'decision'];
  const denied = await protem(as('reporter'), ...words).ended;
  expect([denied.code, denied.out]).toEqual([3, 'deny\n']);
  const listed = await protem(as('reporter', { PROTEM_TASK }), 'step', 'ls', '-o', 'table').ended;
  expect(listed.out.split('\n').map((line) => line.split(/ +/).slice(1, 3))).toEqual([
    ['DECISION', 'TOOL'],
    ['permit', 's3.get'],
    ['deny', 'shell.run'],
    [],
  ]);
});

test('a tool call that a person has to look at waits for the answer, and is made by it', async () => {
  const PROTEM_TASK = await openedTask();
  const agent = as('reporter', { PROTEM_TASK });
  await protem(agent, 'step', 'announce', 's3.get').ended;
  const words = ['step', 'announce', 'payments.list', '--target', 'June'];
  const unanswered = await protem(agent, ...words, '--no-wait').ended;
  const { approval } = JSON.parse(unanswered.out) as { approval: string };
  expect([unanswered.code, approval]).toEqual([5, expect.stringMatching(/^apr_/)]);
  const shown = await protem(as('olga'), 'approvals', 'show', approval).ended;
  expect(JSON.parse(shown.out)).toMatchObject({
    request: { tool: 'payments.list', target: 'June' },
    verified: { tool: { name: 'payments.list', kind: 'read', dataClass: 'restricted' } },
  });
  const listed = await protem(as('olga'), 'approvals', 'ls', '-o', 'table').ended;
  expect(listed.out).toMatch(/payments\.list/);
  const waiting = protem(agent, ...words);
  await waiting.said('A person has to approve this: http');
  await waiting.said('leaves the question open');
  expect(await protem(as('olga'), 'approvals', 'approve', approval).ended).toMatchObject({ code: 0 });
  const { code, out } = await waiting.ended;
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ decision: 'permit', approval })]);
  const again = await protem(agent, ...words, '--approval', approval).ended;
  expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^approval\.used: /) });
});

test('a step that a person is to be asked about ends with 5, and says what to do', async () => {
  const asks = {
    id: 'stp_00000000',
    taskId: 'tsk_AAAAAAAA',
    agentId: 'a',
    tool: 'pay',
    decision: 'ask',
    policies: ['p'],
    fault: 'approval.required',
    approvers: ['finance'],
    decidedAt: 0,
  };
  const { url } = await serving({ broker: { takeStep: () => Promise.resolve(asks as never) } });
  const words = ['step', 'announce', 'pay', '--task', 'tsk_AAAAAAAA'];
  const { code, out, err } = await protem({ PROTEM_URL: url, PROTEM_TOKEN: agentToken }, ...words).ended;
  expect([code, JSON.parse(out)]).toEqual([5, expect.objectContaining({ decision: 'ask' })]);
  expect(err).not.toBe('');
});

test('a narrower task is delegated, and its agent gets what was delegated and no more', async () => {
  const parent = await openedTask();
  const words = ['task', 'delegate', parent, '--agent', charts, '--intent', 'draw', '--deadline', '30m'];
  const narrow = ['--allow', 'reports-reader', '-p', 'reports-reader/prefix=reports/2026/'];
  const delegated = await protem(as('reporter'), ...words, ...narrow).ended;
  expect(JSON.parse(delegated.out)).toMatchObject({
    parent,
    agent: charts,
    allowed: [{ credential: 'reports-reader', parameters: { prefix: 'reports/2026/' } }],
  });
  const PROTEM_TASK = (JSON.parse(delegated.out) as { id: string }).id;
  const ask = ['request', 'reports-reader', '--field', 'lease.state'];
  const theirs = as('charts', { PROTEM_TASK });
  const wider = protem(theirs, ...ask, '-p', 'prefix=reports/');
  expect(await wider.ended).toMatchObject({
    code: 3,
    err: expect.stringMatching(/^delegation\.wider: /),
  });
  const granted = protem(theirs, ...ask, '-p', 'prefix=reports/2026/');
  expect(await granted.ended).toMatchObject({ code: 0, out: 'active\n' });
  const seen = await protem(as('reporter'), 'task', 'get', parent, '--field', 'subtasks').ended;
  expect(seen.out).toBe(`["${PROTEM_TASK}"]\n`);
});

test('a delegation that a person has to look at waits for the answer, and is delegated by it once', async () => {
  const parent = await openedTask();
  const agent = as('reporter', { PROTEM_TASK: parent });
  await protem(agent, 'step', 'announce', 'payments.list').ended;
  const words = ['task', 'delegate', parent, '--agent', charts, '--intent', 'draw', '--deadline', '30m'];
  words.push('--allow', 'reports-reader');
  const unanswered = await protem(agent, ...words, '--no-wait').ended;
  expect(unanswered).toMatchObject({ code: 5, out: '', err: expect.stringMatching(/apr_/) });
  const [approval = ''] = /apr_\w+/.exec(unanswered.err) ?? [];
  const shown = await protem(as('olga'), 'approvals', 'show', approval).ended;
  expect(JSON.parse(shown.out)).toMatchObject({
    request: { agent: charts, deadline: '30m' },
    verified: { delegation: { known: true, delegate: charts, owner: 'finance', depth: 1 } },
    claimed: { subtaskIntent: 'draw' },
  });
  const listed = await protem(as('olga'), 'approvals', 'ls', '-o', 'table').ended;
  expect(listed.out).toMatch(/agent\/charts/);
  const waiting = protem(agent, ...words);
  await waiting.said('A person has to approve this: http');
  expect(await protem(as('olga'), 'approvals', 'approve', approval).ended).toMatchObject({ code: 0 });
  const { code, out } = await waiting.ended;
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ parent, agent: charts })]);
  const again = await protem(agent, ...words, '--approval', approval).ended;
  expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^approval\.used: /) });
});

test('the catalog is listed and shown; a name that is not in it is wrong use', async () => {
  const listed = await protem(as('reporter'), 'catalog', 'ls', '-o', 'table').ended;
  expect(listed.out).toMatch(/^NAME +PROVIDER +ENVIRONMENT +TIER +LONGEST +DESCRIPTION\n/);
  expect(listed.out).toMatch(/^reports-reader +aws +production +1 +1h +Read the quarterly/m);
  const shown = await protem(
    as('reporter'),
    'catalog',
    'show',
    'reports-reader',
    '--field',
    'parameters.prefix.within',
  ).ended;
  expect(shown.out).toBe('reports/\n');
  const none = await protem(as('reporter'), 'catalog', 'show', 'reports').ended;
  expect([none.code, none.err]).toEqual([
    2,
    'There is no entry "reports": "protem catalog ls" has them all.\n',
  ]);
});

test('what is no call is told before anything is sent', async () => {
  const nowhere = { PROTEM_URL: 'http://127.0.0.1:1', PROTEM_TOKEN: 'x' };
  expect(await protem(nowhere, 'step', 'ls').ended).toMatchObject({
    code: 2,
    err: 'Of which task? Give --task or set PROTEM_TASK.\n',
  });
  const delegate = ['task', 'delegate', 'tsk_AAAAAAAA', '--agent', 'a', '--intent', 'x', '--allow', 'b'];
  expect(await protem(nowhere, ...delegate, '-p', 'c/x=1').ended).toMatchObject({
    code: 2,
    err: '"c" is narrowed, but not allowed: --allow c.\n',
  });
});

test('a parameter of a delegation says of which entry it is, and may be JSON', () => {
  const one = narrowedOf('reports/prefix=a/b=c');
  expect(one).toEqual({ reports: { prefix: 'a/b=c' } });
  expect(narrowedOf('reports/rows:=5', one)).toEqual({ reports: { prefix: 'a/b=c', rows: 5 } });
  expect(() => narrowedOf('prefix=reports/')).toThrow(UsageError);
});
