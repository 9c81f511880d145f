import { expect, test } from '@jest/globals';
import { grant } from '../../src/broker/grant.js';
import { openTask } from '../../src/broker/tasks.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision } from '../../src/policy/decision.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const denying: Decision = { is: 'deny', because: ['no-friday'], errors: [] };
const asking: Decision = { is: 'ask', because: ['needs-a-person'], approvers: ['approver'] };
const failing: Decision = { is: 'deny', because: [], errors: ['no such attribute'] };

async function broker(decide: () => Decision) {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const policy = policyOf([entry('pretend')], decide);
  const { ports } = brokerPorts(ledger, [pretendProvider()], { policy: () => policy });
  const task = await openTask(ports, agent, {
    intent: 'test',
    deadlineAt: ledger.clock() + 3_600_000,
    labels: {},
  });
  return {
    ask: () =>
      grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} }).then(
        () => 'granted',
        (error: unknown) => (error as { code: string }).code,
      ),
    evaluations: async () => {
      const { items } = await ledger.log.read({ subject: task.id, pageSize: 100 });
      return items.flatMap(({ at, event }) => ('decided' in event && event.decided ? [{ at, event }] : []));
    },
  };
}

test('POL-01: each request for a credential leaves exactly one evaluation: who, what, for what, why, when', async () => {
  const answers = [permitting(), denying, asking, failing];
  let nth = 0;
  const { ask, evaluations } = await broker(() => answers[nth++]!);
  for (const expected of ['granted', 'policy.denied', 'approval.required', 'policy.error'])
    expect(await ask()).toBe(expected);
  const found = await evaluations();
  expect(found.map(({ event }) => event.decided?.is)).toEqual(['permit', 'deny', 'ask', 'error']);
  expect(new Set(found.map(({ event }) => event.decided?.evaluation)).size).toBe(4);
  for (const { at, event } of found) {
    const asked = { entry: 'pretend-entry', parameters: {}, ttlSeconds: 900 };
    expect(event).toMatchObject({ agent: agent.id, asked, intent: 'test' });
    expect(event.decided).toMatchObject({ policyDigest: 'd1', because: expect.any(Array) });
    expect(at).toBeGreaterThan(0);
  }
});

test('POL-02: policy is asked at every request, and what it permitted before is no answer', async () => {
  let asked = 0;
  let decision = permitting();
  const { ask } = await broker(() => {
    asked += 1;
    return decision.is === 'permit' ? permitting() : decision;
  });
  expect([await ask(), await ask()]).toEqual(['granted', 'granted']);
  decision = denying;
  expect([await ask(), await ask()]).toEqual(['policy.denied', 'policy.denied']);
  expect(asked).toBe(4);
});
