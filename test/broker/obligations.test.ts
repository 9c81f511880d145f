import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { evaluate } from '../../src/broker/evaluate.js';
import { grant } from '../../src/broker/grant.js';
import type { Ports } from '../../src/broker/ports.js';
import { takeStep } from '../../src/broker/steps.js';
import { openTask } from '../../src/broker/tasks.js';
import { whyNoLonger } from '../../src/broker/no-longer.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import type { LoadedPolicy } from '../../src/policy/cedar-policy.js';
import { agent, brokerPorts, entry, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { policyFolder } from '../policy/folder.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const one = entry('pretend');
const catalog = new Map([[one.name, one]]);
const permit = (obligation: string) =>
  `@id("duties") @obligation("${obligation}") permit (principal, action, resource);\n`;
const opening = { intent: 'test', deadlineAt: Date.now() + 3_600_000, labels: {} };

const loaded: LoadedPolicy[] = [];
afterEach(() => {
  for (const policy of loaded.splice(0)) policy.close();
});
function policyOf(text: string): LoadedPolicy {
  const policy = loadPolicy({ directory: policyFolder({ 'a.cedar': text }), catalog });
  loaded.push(policy);
  return policy;
}

async function under(text: string) {
  const ledger: Ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const provider = pretendProvider();
  let policy = policyOf(text);
  const { ports, settled } = brokerPorts(ledger, [provider], { policy: () => policy });
  const limits = { ...ports.limits, encryptToAnyKey: true };
  const task = await openTask(ports, agent, opening);
  const change = (other: string) => (policy = policyOf(other));
  return { ports: { ...ports, limits } as Ports, ledger, provider, task, change, settled };
}

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encryptTo = publicKey.export({ format: 'jwk' }) as never;
const asking = (task: string, over: object = {}) => ({
  task,
  credential: one.name,
  parameters: {},
  ...over,
});

describe('obligations', () => {
  test('POL-12: a duty that the broker does not know is a denial, with a reason of its own, and nothing is minted', async () => {
    const { ports, ledger, task } = await under(permit('watermark'));
    await expect(grant(ports, agent, asking(task.id))).rejects.toMatchObject({
      code: 'obligation.unknown',
      policies: ['duties'],
      errors: [{ detail: 'the duty "watermark" of the policy "duties"' }],
    });
    expect((await ledger.leases.list({ task: task.id, pageSize: 9 })).items).toEqual([]);
    const { items } = await ledger.log.read({ subject: task.id, pageSize: 9 });
    expect(items.at(-1)!.event).toMatchObject({ type: 'credential.refused', fault: 'obligation.unknown' });
    await expect(
      delegate(ports, agent, {
        parent: task.id,
        agent: otherAgent.id,
        intent: 'part of it',
        scope: { allowed: [] },
        deadlineAt: Date.now() + 60_000,
      }),
    ).rejects.toMatchObject({ code: 'obligation.unknown' });
  });

  test('POL-12: a duty that it knows is one that the request has to leave room for', async () => {
    const { ports, task } = await under(permit('encrypt, reason'));
    await expect(grant(ports, agent, asking(task.id, { reason: 'why' }))).rejects.toMatchObject({
      code: 'obligation.unmet',
      errors: [{ pointer: '/encryptTo' }],
    });
    await expect(grant(ports, agent, asking(task.id, { encryptTo }))).rejects.toMatchObject({
      code: 'obligation.unmet',
      errors: [{ pointer: '/reason' }],
    });
    const { secret } = await grant(ports, agent, asking(task.id, { encryptTo, reason: 'why' }));
    expect(Object.keys(secret.reveal())).toEqual(['jwe']);
  });

  test('POL-12: what is evaluated and what is stepped is answered with the duties, each with its policy', async () => {
    const { ports, ledger, task } = await under(permit('watermark,encrypt'));
    const obligations = ['watermark', 'encrypt'].map((duty) => ({ policy: 'duties', duty }));
    const step = await takeStep(ports, agent, { task: task.id, tool: 'file.read' });
    expect(step).toMatchObject({ decision: 'permit', obligations });
    expect(await ledger.steps.list(task.id, 9)).toEqual([step]);
    expect((await ledger.log.read({ subject: task.id, pageSize: 9 })).items.at(-1)!.event).toMatchObject({
      decided: { is: 'permit', obligations },
    });
    expect(
      await evaluate(ports, agent, {
        subject: { type: 'agent', id: agent.id },
        action: { name: 'issue' },
        resource: { type: 'credential', id: one.name },
      }),
    ).toMatchObject({ decision: true, obligations });
  });

  test('POL-12: a duty that policy came to demand while the credential was made takes it back', async () => {
    const { ports, provider, task, change, settled } = await under(permit('reason'));
    provider.hold = {
      get afterIssue() {
        change(permit('encrypt'));
        return Promise.resolve();
      },
    };
    const made = grant(ports, agent, asking(task.id, { reason: 'why' }));
    await expect(made).rejects.toMatchObject({ code: 'policy.changed' });
    await settled();
    expect(provider.calls.map((call) => call.split(' ')[0])).toEqual(['issue', 'revoke']);
    expect(provider.live.size).toBe(0);
  });

  test('POL-12, POL-06: a live lease does not outlast a duty that nobody here knows', async () => {
    const { ports, task, change } = await under(permit('reason'));
    const { lease } = await grant(ports, agent, asking(task.id, { reason: 'why' }));
    const known = { task, proven: { issuer: agent.issuer, claims: {} }, risk: 0 } as never;
    expect(whyNoLonger(ports, lease, known)).toBeUndefined();
    change(permit('watermark'));
    expect(whyNoLonger(ports, lease, known)).toBe('obligation.unknown: duties');
  });
});

test.each([
  ['on a forbid', '@id("x") @obligation("encrypt") forbid (principal, action, resource);', 'on a permit'],
  ['without a word', '@id("x") @obligation("") permit (principal, action, resource);', 'must name duties'],
  [
    'misspelt',
    '@id("x") @obligations("encrypt") permit (principal, action, resource);',
    '@obligations is none',
  ],
])('POL-12: an obligation %s is refused when it is loaded', (_what, text, problem) => {
  expect(() => policyOf(text)).toThrow(problem);
});
