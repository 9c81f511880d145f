import { expect, test } from '@jest/globals';
import { Fault, faults } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { faultsOf } from '../../src/wire/operation.js';
import { operations } from '../../src/wire/operations.js';
import { agentToken } from '../fake/pretend-broker.js';
import { expectProblem, serving } from './serving.js';
import type { Ask, Serving } from './serving.js';

const ask = {
  credential: 'reports-reader',
  parameters: { limit: 3 },
  ttl: '10m',
  tool: 'read',
  reason: 'monthly',
};

async function taskOf({ call }: Serving): Promise<string> {
  const { json } = await call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  return json['id'] as string;
}

async function asked(with_: Serving, body: unknown, more: Ask = {}) {
  return with_.call('POST', `/v1/tasks/${await taskOf(with_)}/credentials`, { body, ...more });
}

test('a credential comes with its lease, once, and nothing may keep it', async () => {
  const served = await serving();
  const answer = await asked(served, ask, { headers: { 'idempotency-key': 'once' } });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.json).toEqual({
    lease: {
      id: expect.stringMatching(/^lse_/),
      task: expect.stringMatching(/^tsk_/),
      agent: 'spiffe://test/agent',
      credential: 'reports-reader',
      provider: 'aws',
      parameters: { prefix: 'reports/2030', limit: 3, months: ['2030-01'] },
      tool: 'read',
      reason: 'monthly',
      state: 'active',
      revocation: { effect: 'expires_only', attempts: 0 },
      reservedAt: '2030-01-01T00:00:00.000Z',
      expiresAt: '2030-01-01T00:10:00.000Z',
      ceilingAt: '2030-01-01T01:00:00.000Z',
    },
    secret: { AccessKeyId: 'pretended', SecretAccessKey: 'pretended' },
  });
  const [, request, key] = served.broker.calls.find(({ verb }) => verb === 'grant')?.arguments ?? [];
  expect(request).toEqual({
    task: expect.stringMatching(/^tsk_/),
    credential: 'reports-reader',
    parameters: { limit: 3 },
    ttlSeconds: 600,
    tool: 'read',
    reason: 'monthly',
  });
  expect(key).toBe('once');
});

test('the name of the entry is enough to ask', async () => {
  const served = await serving();
  expect((await asked(served, { credential: 'reports-reader' })).status).toBe(201);
  expect(served.broker.calls.find(({ verb }) => verb === 'grant')?.arguments[1]).toEqual(
    expect.objectContaining({ credential: 'reports-reader', ttlSeconds: undefined }),
  );
});

test.each([
  ['0'],
  ['0s'],
  ['-5m'],
  ['soon'],
  [''],
  [0],
  [-1],
  [900],
  [null],
  [['15m']],
  ['99999999999999999999d'],
])('ISS-01 a TTL of %j is refused as a TTL', async (ttl) => {
  const served = await serving();
  const problem = expectProblem(await asked(served, { ...ask, ttl }), 'ttl.invalid');
  expect(problem.errors?.[0]?.pointer).toBe('/ttl');
  expect(served.broker.leases.size).toBe(0);
});

test('a bad TTL beside another bad field is a malformed request', async () => {
  const served = await serving();
  const problem = expectProblem(await asked(served, { ...ask, ttl: '0s', extra: 1 }), 'request.malformed');
  expect(problem.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/extra', '/ttl']);
});

test.each([
  ['no entry', { parameters: {} }, '/credential'],
  ['an entry that is no name', { credential: '../secrets' }, '/credential'],
  ['parameters that are a list', { ...ask, parameters: [] }, '/parameters'],
  ['a long reason', { ...ask, reason: 'x'.repeat(501) }, '/reason'],
  ['a long tool name', { ...ask, tool: 'x'.repeat(129) }, '/tool'],
  ['a principal of its own', { ...ask, principal: 'root' }, '/principal'],
  ['approvals of its own', { ...ask, approved: true }, '/approved'],
])('a request with %s is refused', async (_what, body, pointer) => {
  const served = await serving();
  const problem = expectProblem(await asked(served, body), 'request.malformed');
  expect(problem.errors?.[0]?.pointer).toBe(pointer);
});

const mayAnswer = faultsOf(operations.requestCredential);

test.each(mayAnswer)(
  'a fault %s of the broker is told with its remedy, and nothing of its cause',
  async (code) => {
    const grant = async (): Promise<never> => {
      throw new Fault(code, 'What the caller may know.', {
        cause: new Error('upstream said: hunter2 at 10.0.0.7'),
        reason: 'kept-reason',
        policies: ['deny-restricted'],
        errors: [{ pointer: '/parameters/limit', detail: 'is above 10' }],
        retryAfterSeconds: 7,
      });
    };
    const served = await serving({ broker: { grant } });
    const answer = await asked(served, ask);
    const problem = expectProblem(answer, code);
    expect(problem.remedy).toBe(faults[code].remedy);
    expect(problem.policies).toEqual(['deny-restricted']);
    expect(problem.errors).toEqual([{ pointer: '/parameters/limit', detail: 'is above 10' }]);
    if (faults[code].retry) expect(answer.headers.get('retry-after')).toBe('7');
    expect(answer.text + JSON.stringify([...answer.headers])).not.toMatch(/hunter2|10\.0\.0\.7|kept-reason/);
    const line = await served.logged({ requestId: problem.instance });
    expect(line).toMatchObject({
      fault: code,
      reason: 'kept-reason',
      cause: expect.stringContaining('hunter2'),
    });
  },
);

test('TOK-03 whatever else breaks is a bare 500 that leads to its log line', async () => {
  const grant = async (): Promise<never> => {
    throw new Error(`cannot read /srv/protem/keys for ${agentToken}`);
  };
  const served = await serving({ broker: { grant } });
  const problem = expectProblem(await asked(served, ask), 'internal');
  expect(JSON.stringify(problem)).not.toMatch(/srv|keys|Error/);
  const line = await served.logged({ requestId: problem.instance });
  expect(line['cause']).toContain('cannot read /srv/protem/keys for [secret]');
});

test('the secret is in the answer and in no log line', async () => {
  const served = await serving();
  const answer = await asked(served, { ...ask, reason: 'a-reason-of-mine' });
  await served.logged({ requestId: answer.headers.get('x-request-id') });
  const written = JSON.stringify(served.log);
  for (const word of ['pretended', agentToken, 'a-reason-of-mine', 'Bearer'])
    expect(written).not.toContain(word);
});

test('a log line says who asked for which operation on what, and how it went', async () => {
  const served = await serving();
  const task = await taskOf(served);
  const answer = await served.call('POST', `/v1/tasks/${task}/credentials?token=in-the-query`, { body: ask });
  const line = await served.logged({ requestId: answer.headers.get('x-request-id') });
  expect(line).toMatchObject({
    method: 'POST',
    route: '/v1/tasks/{task}/credentials',
    task,
    principal: 'spiffe://test/agent',
    status: 201,
  });
  expect(JSON.stringify(line)).not.toContain('in-the-query');
});

test('every fault has a status that a problem may have, and a remedy', () => {
  for (const code of Object.keys(faults) as FaultCode[]) {
    expect(faults[code].status).toBeGreaterThanOrEqual(400);
    expect(faults[code].remedy).toMatch(/\.$/);
  }
});
