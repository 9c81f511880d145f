import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ProtemClient } from '../../src/sdk/index.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';

// The frameworks are not installed here: each is more than 50 MB with what it needs. What they call is called here, by
// their published shapes; the broker, policy and the database are the sandbox's. test/stack/frameworks.test.ts has them.

jest.setTimeout(120_000);

// Examples are plain JavaScript, as whoever copies them has it.
// oxlint-disable-next-line typescript/no-explicit-any
type Example = any;
const example = async (name: string): Promise<Example> =>
  (await import(pathToFileURL(resolve('examples', name)).href)) as Example;

type Secret = { readonly username: string; readonly password: string };

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let protem: ProtemClient;
const need = { credential: 'reports-db', ttl: '5m' };

beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const { issuer, api } = sandbox.places;
  const token = async () => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ subject: 'reporter' }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  };
  protem = new ProtemClient({ url: api, token, releaseOnExit: false });
});
afterAll(() => sandbox.close());

const tried = async ({ username, password }: Secret): Promise<number> => {
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return (await fetch(sandbox.places.database, { headers: { authorization: `Basic ${basic}` } })).status;
};

/** The credential is refused, sooner or later: it is taken back by the worker. */
async function isRefused(secret: Secret): Promise<void> {
  while ((await tried(secret)) === 200) await new Promise((again) => setTimeout(again, 50));
}

const opened = () => protem.openTask({ intent: 'count the rows', deadline: '10m' });

test('LangChain: a tool call has a lease while it runs, and none when it throws', async () => {
  const { protemMiddleware, secretOfThisCall } = await example('langchain-middleware.mjs');
  const seen: Secret[] = [];
  const done = protem.withTask({ intent: 'count', deadline: '10m' }, async (task) => {
    const { wrapToolCall } = protemMiddleware(protem, task.id, { query: need });
    const query = async () => {
      seen.push(secretOfThisCall() as Secret);
      return tried(seen.at(-1)!);
    };
    const call = { toolCall: { name: 'query', args: {}, id: 'call_1' }, state: { messages: [] } };
    expect(await wrapToolCall(call, query)).toBe(200);
    expect(await wrapToolCall({ toolCall: { name: 'other' } }, async () => secretOfThisCall())).toBe(
      undefined,
    );
    await wrapToolCall(call, async () => {
      await query();
      throw new Error('the tool broke');
    });
  });
  await expect(done).rejects.toThrow('the tool broke');
  for (const secret of seen) await isRefused(secret);
  expect(seen).toHaveLength(2);
});

test('OpenAI Agents: a tool is lent a credential for each call, and a refusal is an answer to the model', async () => {
  const { withCredential, followed, secretOfThisCall } = await example('openai-agents.mjs');
  const task = await opened();
  let secret: Secret | undefined;
  const tool = {
    type: 'function',
    name: 'query',
    invoke: async (_context: unknown, input: string) => {
      secret = secretOfThisCall() as Secret;
      return `${input}: ${await tried(secret)}`;
    },
  };
  const wrapped = withCredential(protem, task.id, need, tool);
  expect(await wrapped.invoke({}, 'rows', {})).toBe('rows: 200');
  await isRefused(secret!);
  const payments = withCredential(protem, task.id, { credential: 'payments-admin' }, tool);
  expect(await payments.invoke({}, 'rows', {})).toMatch(/^Not allowed: /);
  await expect(
    withCredential(protem, task.id, need, { ...tool, invoke: () => Promise.reject(new Error('x')) }).invoke(),
  ).rejects.toThrow('x');
  const lines: string[] = [];
  const runner = followed(new EventEmitter(), (line: string) => lines.push(line)) as EventEmitter;
  runner.emit('agent_tool_start', {}, {}, tool, { toolCall: {} });
  runner.emit('agent_tool_end', {}, {}, tool, 'result', { toolCall: {} });
  expect(lines).toEqual(['query starts', 'query has ended']);
  await protem.endTask(task.id);
});

test('Claude Agent SDK: a command is lent a credential by a file, which is gone after it; the session ends the task', async () => {
  const { protemHooks } = await example('claude-agent-hooks.mjs');
  const task = await opened();
  const hooks = protemHooks(protem, task.id, { Bash: need, Pay: { credential: 'payments-admin' } });
  const signal = new AbortController().signal;
  const before = hooks.PreToolUse[0].hooks[0];
  const input = { command: 'printf "%s %s" "$CREDENTIAL_USERNAME" "$CREDENTIAL_PASSWORD"' };
  const { hookSpecificOutput: allowed } = await before({ tool_name: 'Bash', tool_input: input }, 'use_1', {
    signal,
  });
  expect(allowed).toMatchObject({ hookEventName: 'PreToolUse', permissionDecision: 'allow' });
  const { command } = allowed.updatedInput as { command: string };
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command]);
  const [username = '', password = ''] = stdout.split(' ');
  expect(command).not.toContain(password);
  expect(await tried({ username, password })).toBe(200);

  const denied = await before({ tool_name: 'Pay', tool_input: input }, 'use_2', { signal });
  expect(denied.hookSpecificOutput).toMatchObject({
    permissionDecision: 'deny',
    permissionDecisionReason: expect.stringMatching(/\w/),
  });
  expect(await before({ tool_name: 'Read', tool_input: {} }, 'use_3', { signal })).toEqual({});

  await hooks.PostToolUse[0].hooks[0]({ tool_name: 'Bash' }, 'use_1', { signal });
  expect(existsSync(/'(.*)'/.exec(command)?.[1] ?? '')).toBe(false);
  await isRefused({ username, password });
  await hooks.SessionEnd[0].hooks[0]({ reason: 'other' }, undefined, { signal });
  expect((await protem.findTask(task.id)).state).toBe('ended');
});

test('Temporal: each attempt of an activity has a lease of its own, in the task of the workflow', async () => {
  const { leaseInterceptor, taskActivities, secretOfThisActivity } =
    await example('temporal-interceptor.mjs');
  const { openTask, endTask } = taskActivities(protem);
  const ask = { intent: 'count', deadline: '10m' };
  const task = await openTask(ask, 'workflow-1');
  const secrets: Secret[] = [];
  const context = { info: { activityType: 'countRows' }, cancellationSignal: new AbortController().signal };
  const { execute } = leaseInterceptor(protem, { countRows: need })(context).inbound;
  const activity = async () => {
    const secret = secretOfThisActivity() as Secret;
    secrets.push(secret);
    return tried(secret);
  };
  const input = { args: [{ task }], headers: {} };
  expect(await execute(input, activity)).toBe(200);
  await expect(execute(input, () => Promise.reject(new Error('attempt 2')))).rejects.toThrow('attempt 2');
  const other = leaseInterceptor(protem, {})(context).inbound;
  expect(await other.execute({ args: [] }, async () => secretOfThisActivity())).toBe(undefined);
  const cancelled = { ...context, cancellationSignal: AbortSignal.abort(new Error('cancelled')) };
  await expect(
    leaseInterceptor(protem, { countRows: need })(cancelled).inbound.execute(input, activity),
  ).rejects.toThrow('cancelled');
  for (const secret of secrets) await isRefused(secret);
  await endTask(task, 'completed');
  expect((await protem.findTask(task)).outcome).toBe('completed');
});
