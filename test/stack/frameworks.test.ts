import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { eventually } from './eventually.js';
import { canRun } from './program.js';

jest.setTimeout(180_000);

// What test/examples calls by published shapes, here called by the frameworks themselves. The Claude Agent SDK is not
// among them: its licence is not an open one, and it runs a program and a model of its own.
const folder = 'test/stack/frameworks';
const installed = existsSync(`${folder}/node_modules`) ? folder : undefined;
const testHere = canRun('agent frameworks', { [`npm ci --prefix ${folder}`]: installed }) ? test : test.skip;

interface Secret {
  readonly username: string;
  readonly password: string;
}

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let variables: Record<string, string>;
beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const { issuer, api, database } = sandbox.places;
  const body = new URLSearchParams({ subject: 'reporter' });
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body });
  const { access_token } = (await answer.json()) as { access_token: string };
  variables = { PROTEM_URL: api, PROTEM_TOKEN: access_token, SANDBOX_DATABASE: database };
});
afterAll(() => sandbox.close());

/** All that the program tells, as one object; of what it tells several times, the last. */
// oxlint-disable-next-line typescript/no-explicit-any
async function told(program: string): Promise<any> {
  const env = { PATH: process.env['PATH'], ...variables };
  const { stdout } = await promisify(execFile)(process.execPath, [resolve(folder, program)], { env });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return Object.assign({}, ...lines.map((line) => JSON.parse(line) as object)) as unknown;
}

async function stateOf(task: string) {
  const headers = { authorization: `Bearer ${variables['PROTEM_TOKEN']}` };
  const answer = await fetch(`${sandbox.places.api}/v1/tasks/${task}`, { headers });
  return (await answer.json()) as { state: string; outcome?: string };
}

/** None of them is of any use any more, soon: they are taken back by the worker. */
async function areRefused(secrets: readonly Secret[], count: number): Promise<void> {
  expect(secrets).toHaveLength(count);
  for (const { username, password } of secrets) {
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const ask = async () =>
      (await fetch(sandbox.places.database, { headers: { authorization } })).status === 401;
    await eventually('the credential is refused', ask);
  }
}

testHere(
  'LangChain: an agent has a lease for each tool call that needs one, and its model sees no secret',
  async () => {
    const { task, answers, last, seen, failed, secrets } = await told('langchain.mjs');
    expect(answers).toEqual(['the database says 200', 'a secret: false']);
    expect([last, failed]).toEqual(['done', expect.stringContaining('the tool broke')]);
    for (const { password } of secrets as Secret[]) expect(seen).not.toContain(password);
    await areRefused(secrets, 2);
    expect(await stateOf(task)).toMatchObject({ state: 'ended', outcome: 'failed' });
  },
);

testHere(
  'OpenAI Agents: a run has a lease for each tool call, and what policy refuses is told to the model',
  async () => {
    const { task, finalOutput, lines, answers, seen, secrets } = await told('openai-agents.mjs');
    expect(finalOutput).toBe('done');
    expect(JSON.stringify(answers[0])).toContain('the database says 200');
    expect(JSON.stringify(answers[1])).toContain('Not allowed: ');
    expect(lines.toSorted()).toEqual(['pay has ended', 'pay starts', 'query has ended', 'query starts']);
    expect(seen).not.toContain(secrets[0].password);
    await areRefused(secrets, 1);
    expect(await stateOf(task)).toMatchObject({ state: 'ended', outcome: 'completed' });
  },
);

testHere(
  'Temporal: each attempt of an activity has a lease, given back when it fails or is cancelled',
  async () => {
    const { task, again, counted, failed, cancelled, without, secrets } = await told('temporal.mjs');
    expect(again).toBe(task);
    expect([counted, failed, cancelled]).toEqual([200, 'the activity broke', 'CancelledFailure']);
    expect(without).toBe('undefined');
    await areRefused(secrets, 3);
    expect(await stateOf(task)).toMatchObject({ state: 'ended', outcome: 'completed' });
  },
);
