import { beforeEach, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import { openKnownRisks } from '../../src/broker/known-risks.js';
import { createIdentify } from '../../src/identity/identify.js';
import { identitySettings } from '../../src/identity/identity-settings.js';
import type { Principal } from '../../src/identity/principal.js';
import type { SecurityEvents } from '../../src/identity/signals/read-set.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { subtaskOf } from '../fake/delegated.js';
import { agent, brokerPorts, orchestrator, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { rememberedProofs } from '../fake/remembered-proofs.js';
import { jwksOf, makeSigner, signJws } from '../identity/signer.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let broker: Broker;
/** What the transmitter of the stream says next. */
let said: SecurityEvents;
/** The whole second in which the session was ended, in milliseconds. */
let endedAt: number;

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  endedAt = Math.floor(ledger.clock() / 1000) * 1000;
  const { ports } = brokerPorts(ledger, [pretendProvider()], { readSignal: () => Promise.resolve(said) });
  broker = createBroker(ports);
});

let count = 0;
const ended = (id = agent.id, type = 'session-revoked', at = endedAt) => {
  said = {
    ...{ issuer: 'https://idp.example', jti: `set-${(count += 1)}`, issuedAt: at, agent: id },
    events: { [caep + type]: {} },
  };
  return broker.receiveSignal('idp', 'a token');
};
const withToken = (principal: Principal, issuedAt: number | undefined): Principal => {
  const { proofIssuedAt: _, ...rest } = principal;
  return issuedAt === undefined ? rest : { ...rest, proofIssuedAt: issuedAt };
};
const opened = async (by: Principal = agent) =>
  (await broker.openTask(by, { intent: 't', deadlineAt: ledger.clock() + 3_600_000, labels: {} })).id;
const outcome = (asking: Promise<unknown>) =>
  asking.then(
    () => 'permit',
    (fault: { code: string }) => fault.code,
  );
const grant = (by: Principal, task: string) =>
  outcome(broker.grant(by, { task, credential: 'pretend-entry', parameters: {} }));

test.each(['session-revoked', 'credential-change', 'token-claims-change'])(
  'REV-07: after %s a token from before it gets nothing, and one from after it does',
  async (type) => {
    const task = await opened();
    const old = withToken(agent, endedAt - 60_000);
    expect(await grant(old, task)).toBe('permit');
    await ended(agent.id, type);
    expect(await grant(old, task)).toBe('identity.stale');
    // The second is the same: nobody can tell which came first.
    expect(await grant(withToken(agent, endedAt), task)).toBe('identity.stale');
    expect(await grant(withToken(agent, endedAt + 1000), task)).toBe('permit');
    // That a newer one was shown gives the older one nothing back.
    expect(await grant(old, task)).toBe('identity.stale');
    expect(await grant(withToken(otherAgent, endedAt - 60_000), await opened(otherAgent))).toBe('permit');
  },
);

test('REV-07: nor does it announce a step, or delegate', async () => {
  const task = await opened();
  const old = withToken(agent, endedAt - 60_000);
  await ended();
  expect(await outcome(broker.takeStep(old, { task, tool: 'sql' }))).toBe('identity.stale');
  const delegated = {
    ...{ parent: task, agent: otherAgent.id, intent: 'a part', deadlineAt: ledger.clock() + 60_000 },
    scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
  };
  expect(await outcome(broker.delegate(old, delegated))).toBe('identity.stale');
  expect(await outcome(broker.delegate(withToken(agent, endedAt + 1000), delegated))).toBe('permit');
});

test('REV-07: what it delegated waits until it has shown a newer token', async () => {
  const task = await opened();
  const deadlineAt = ledger.clock() + 60_000;
  const below = subtaskOf(
    await broker.delegate(withToken(agent, endedAt - 60_000), {
      ...{ parent: task, agent: otherAgent.id, intent: 'a part', deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    }),
  );
  const other = withToken(otherAgent, endedAt - 60_000);
  expect(await grant(other, below.id)).toBe('permit');
  await ended();
  expect(await grant(other, below.id)).toBe('delegation.unproven');
  const evaluated = await broker.evaluate(orchestrator, {
    subject: { type: 'agent', id: otherAgent.id },
    action: { name: 'issue' },
    resource: { type: 'credential', id: 'pretend-entry' },
  });
  expect(evaluated.decision).toBe(true);
  await broker.takeStep(withToken(agent, endedAt + 1000), { task, tool: 'sql' });
  expect(await grant(other, below.id)).toBe('permit');
});

test('a token that does not say when it was issued is taken for a day old', async () => {
  const task = await opened();
  await ended(agent.id, 'session-revoked', ledger.clock() - 2 * 86_400_000);
  expect(await grant(withToken(agent, undefined), task)).toBe('permit');
  await ended(agent.id, 'session-revoked', ledger.clock() - 3_600_000);
  expect(await grant(withToken(agent, undefined), task)).toBe('identity.stale');
});

test('an event that comes late lets nothing in that a later one has ended', async () => {
  const task = await opened();
  await ended();
  await ended(agent.id, 'session-revoked', endedAt - 3_600_000);
  expect(await grant(withToken(agent, endedAt - 60_000), task)).toBe('identity.stale');
});

test('REV-07: every other call refuses such a token too, once the process has heard of it', async () => {
  const signer = makeSigner('ES256', 'k');
  const risks = openKnownRisks({ ledger });
  const issuer = 'https://issuer.example';
  const identify = createIdentify(
    identitySettings.parse({
      audience: 'https://broker.example',
      issuers: [
        {
          ...{ issuer, keys: { inline: jwksOf(signer) } },
          rules: [{ where: { sub: 'a' }, kind: 'agent', id: 'agent:a' }],
        },
      ],
    }),
    {
      ...{ clock: ledger.clock, proofs: rememberedProofs(), listeningAt: () => undefined },
      endedAt: (id) => risks.endedAt(id),
    },
  );
  const tokenOf = (issuedAt: number) => {
    const times = { iat: issuedAt / 1000, exp: endedAt / 1000 + 300 };
    return signJws(signer, { iss: issuer, sub: 'a', aud: 'https://broker.example', ...times });
  };
  const old = tokenOf(endedAt - 60_000);
  await expect(identify(old)).resolves.toMatchObject({ id: 'agent:a' });
  await ended('agent:a');
  await risks.look();
  await expect(identify(old)).rejects.toMatchObject({ code: 'identity.stale', reason: 'session.ended' });
  await expect(identify(tokenOf(endedAt + 1000))).resolves.toMatchObject({ id: 'agent:a' });
});
