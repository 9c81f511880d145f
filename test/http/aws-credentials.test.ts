import { expect, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import { Secret } from '../../src/kernel/secret.js';
import { operations } from '../../src/wire/operations.js';
import { agentToken } from '../fake/pretend-broker.js';
import { expectProblem, now, serving } from './serving.js';
import type { Serving } from './serving.js';

const sessionUntil = (expiresAt: number) =>
  new Secret({
    AccessKeyId: 'ASIATEST',
    SecretAccessKey: 'pretended',
    SessionToken: 'a-token',
    Expiration: new Date(expiresAt).toISOString(),
  });

/** A broker whose grants hold this secret, and a task of its agent. */
async function minting(secret: Secret<Record<string, unknown>>) {
  const served = await serving();
  const { json } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const plain = served.broker.grant.bind(served.broker);
  Object.assign(served.broker, {
    grant: async (...all: Parameters<typeof plain>) => ({ ...(await plain(...all)), secret }),
  });
  return { ...served, path: `/v1/aws/credentials?task=${String(json['id'])}&credential=reports-reader` };
}

const states = ({ broker }: Pick<Serving, 'broker'>) => [...broker.leases.values()].map(({ state }) => state);

test('an AWS SDK gets a session under the names it looks for, and nothing else', async () => {
  const served = await minting(sessionUntil(now + 3_600_000));
  const answer = await served.call(
    'GET',
    `${served.path}&parameters=${encodeURIComponent('{"limit":3}')}&tool=read`,
  );
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    AccessKeyId: 'ASIATEST',
    SecretAccessKey: 'pretended',
    Token: 'a-token',
    Expiration: '2030-01-01T01:00:00.000Z',
  });
  const [, request] = served.broker.calls.find(({ verb }) => verb === 'grant')?.arguments ?? [];
  expect(request).toMatchObject({ parameters: { limit: 3 }, tool: 'read', ttlSeconds: 3600 });
});

test('the token may stand by itself, as a file of a workload has it', async () => {
  const served = await minting(sessionUntil(now + 3_600_000));
  const answer = await served.call('GET', served.path, {
    token: null,
    headers: { authorization: agentToken },
  });
  expect(answer.status).toBe(200);
  const wrong = await served.call('GET', served.path, {
    token: null,
    headers: { authorization: 'Basic eDp5' },
  });
  expectProblem(wrong, 'identity.unproven');
});

test('elsewhere a token by itself proves nothing', async () => {
  const { call } = await serving();
  const answer = await call('GET', '/v1/catalog', { token: null, headers: { authorization: agentToken } });
  expectProblem(answer, 'identity.unproven');
});

test('a session that botocore would ask for at every call is refused, and given back', async () => {
  const served = await minting(sessionUntil(now + 15 * 60_000));
  const problem = expectProblem(await served.call('GET', served.path), 'aws.session_too_short');
  expect(problem.remedy).toContain('serve-credentials');
  expect(states(served)).toEqual(['revoking']);
});

test('what is no session of AWS is refused, and given back', async () => {
  const served = await minting(new Secret({ username: 'u', password: 'p' }));
  expectProblem(await served.call('GET', served.path), 'aws.no_session');
  expect(states(served)).toEqual(['revoking']);
});

test('a refusal says Code and Message, which is what SDKs show', async () => {
  const served = await minting(sessionUntil(now + 3_600_000));
  const task = served.path.match(/tsk_\w+/)?.[0] ?? '';
  await served.call('POST', `/v1/tasks/${task}/end`, { body: {} });
  const problem = expectProblem(await served.call('GET', served.path), 'task.ended');
  expect(problem).toMatchObject({ Code: 'task.ended', Message: expect.stringContaining('Open a new task') });
});

test.each([
  ['no task', 'credential=reports-reader', '/query/task'],
  ['parameters that are no JSON', 'task=tsk_00000000&credential=x&parameters=%7B', '/query/parameters'],
  ['an unknown name', 'task=tsk_00000000&credential=x&user=root', '/query/user'],
])('a query with %s is malformed', async (_what, query, pointer) => {
  const { call } = await serving();
  const problem = expectProblem(await call('GET', `/v1/aws/credentials?${query}`), 'request.malformed');
  expect(problem.errors?.[0]?.pointer).toBe(pointer);
});

test('HEAD mints nothing', async () => {
  const served = await minting(sessionUntil(now + 3_600_000));
  expect((await served.call('HEAD', served.path)).status).toBe(405);
  expect(states(served)).toEqual([]);
});

test('a session that nobody waited for is given back', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const revoked: unknown[] = [];
  const served = await serving({
    broker: {
      grant: async () => {
        await held;
        return { lease: { id: 'lse_AAAAAAAABBBBBB' }, secret: sessionUntil(now + 3_600_000) } as never;
      },
      revokeLease: async (_principal, id) => {
        revoked.push(id);
        throw new Fault('lease.unknown', 'x');
      },
    },
  });
  const control = new AbortController();
  const url = `${served.url}/v1/aws/credentials?task=tsk_AAAAAAAA&credential=reports-reader`;
  const asking = fetch(url, { headers: { authorization: agentToken }, signal: control.signal });
  while (!served.broker.calls.some(({ verb }) => verb === 'grant'))
    await new Promise((resolve) => setImmediate(resolve));
  control.abort();
  await expect(asking).rejects.toThrow();
  await served.logged({ route: '/v1/aws/credentials', status: 499 });
  release();
  while (revoked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(revoked).toEqual(['lse_AAAAAAAABBBBBB']);
});

test('it may meet every fault that asking for a credential may, but those of an Idempotency-Key', () => {
  const may: readonly string[] = operations.awsCredentials.faults;
  const missing = operations.requestCredential.faults.filter(
    (code) => !may.includes(code) && !code.startsWith('idempotency.'),
  );
  expect(missing).toEqual([]);
});
