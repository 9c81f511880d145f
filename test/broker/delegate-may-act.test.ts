import { beforeEach, describe, expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { evaluate } from '../../src/broker/evaluate.js';
import { grant } from '../../src/broker/grant.js';
import type { Ports } from '../../src/broker/ports.js';
import { openTask } from '../../src/broker/tasks.js';
import type { MayAct } from '../../src/identity/may-act.js';
import type { Principal } from '../../src/identity/principal.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision } from '../../src/policy/decision.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const clerk = 'spiffe://example.org/agent/clerk';
const other = 'spiffe://example.org/agent/other';
const fromElsewhere: Principal = { ...agent, id: 'ci:acme/reports', issuer: 'https://ci.example' };

let ports: Ports;
let decide: () => Decision;

beforeEach(async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  decide = () => permitting();
  ({ ports } = brokerPorts(ledger, [pretendProvider()], {
    policy: () => policyOf([entry('pretend')], () => decide()),
  }));
});

const inAnHour = () => Date.now() + 3_600_000;
const opening = () => ({ intent: 'root', deadlineAt: inAnHour(), labels: {} });

async function delegated(mayAct: MayAct | undefined, to: string) {
  const by: Principal = mayAct ? { ...agent, mayAct } : agent;
  const root = await openTask(ports, by, opening());
  const scope = { allowed: [] };
  const request = { parent: root.id, agent: to, intent: 'a part of it', deadlineAt: root.deadlineAt, scope };
  return delegate(ports, by, request);
}

describe('DEL-02: a token that names who may act for its subject (RFC 8693 section 4.4)', () => {
  test('is delegated to that agent, and to no other', async () => {
    expect(await delegated({ sub: clerk }, clerk)).toMatchObject({ agent: clerk });
    await expect(delegated({ sub: clerk }, other)).rejects.toMatchObject({ code: 'delegation.may_act' });
  });

  test.each<[string, MayAct]>([
    ['of another issuer', { sub: clerk, iss: 'elsewhere.example' }],
    ['with a member that nobody here can check', { sub: clerk, client_id: 'x' }],
    ['without a subject', { iss: 'example.org' }],
    ['with nothing in it', {}],
  ])('%s matches nobody', async (_what, mayAct) => {
    await expect(delegated(mayAct, clerk)).rejects.toMatchObject({ code: 'delegation.may_act' });
  });

  test('the issuer is the trust domain of a SPIFFE ID, and the one another agent has shown', async () => {
    expect(await delegated({ sub: clerk, iss: 'example.org' }, clerk)).toMatchObject({ agent: clerk });
    const { id: sub, issuer: iss } = fromElsewhere;
    await expect(delegated({ sub, iss }, sub)).rejects.toMatchObject({ code: 'delegation.may_act' });
    const task = await openTask(ports, fromElsewhere, opening());
    await grant(ports, fromElsewhere, { task: task.id, credential: 'pretend-entry', parameters: {} });
    expect(await delegated({ sub, iss }, sub)).toMatchObject({ agent: sub });
  });

  test('needs a policy that permits it all the same', async () => {
    decide = () => ({ is: 'deny', because: [], errors: [] });
    await expect(delegated({ sub: clerk }, clerk)).rejects.toMatchObject({ code: 'policy.denied' });
  });

  test('is answered so by AuthZEN as well', async () => {
    const named: Principal = { ...agent, mayAct: { sub: clerk } };
    const asked = (id: string) =>
      evaluate(ports, named, {
        subject: { type: 'agent', id: agent.id },
        action: { name: 'delegate' },
        resource: { type: 'agent', id },
      });
    expect(await asked(clerk)).toMatchObject({ decision: true });
    expect(await asked(other)).toMatchObject({ decision: false, reason: 'delegation.may_act' });
  });
});
