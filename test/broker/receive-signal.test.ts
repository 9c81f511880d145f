import { beforeEach, describe, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import { fetchKeys } from '../../src/identity/key-fetch.js';
import { signalSettings } from '../../src/identity/signals/stream-settings.js';
import { openSignalStreams } from '../../src/identity/signals/streams.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { jwksOf, makeSigner, signJws } from '../identity/signer.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const signer = makeSigner('RS256', 'idp');
const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const issuer = 'https://idp.example.com/123456789/';
const audience = 'https://broker.example/caep';
const streams = signalSettings.parse({
  idp: { issuer, audience, keys: { inline: jwksOf(signer) } },
});

let ledger: Ledger;
let ports: Ports;
let broker: Broker;
beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  ({ ports } = brokerPorts(ledger, [pretendProvider()], {
    readSignal: openSignalStreams(streams, { clock: ledger.clock, fetch: fetchKeys }),
    inventory: { agents: new Map([[agent.id, {}]]), ownersNeeded: false },
  }));
  broker = createBroker(ports);
});

/** The example of CAEP 1.0 for session-revoked, about an agent. */
const example = (over: object = {}) => ({
  iss: issuer,
  jti: '24c63fb56e5a2d77a6b512616ca9fa24',
  iat: Math.floor(ledger.clock() / 1000),
  aud: audience,
  txn: '8675309',
  sub_id: { format: 'iss_sub', iss: issuer, sub: agent.id },
  events: {
    [`${caep}session-revoked`]: {
      initiating_entity: 'policy',
      reason_admin: { en: 'Policy Violation: C076E822' },
      event_timestamp: 1615304991,
    },
  },
  ...over,
});
const token = (over: object = {}, header: object = {}, by = signer) =>
  signJws(by, example(over), { typ: 'secevent+jwt', ...header });
const begun = async () => (await broker.listRevocations(admin, { pageSize: 10 })).items;

describe('REV-07: a security event token', () => {
  test('session-revoked about an agent revokes its leases, with the reason of the transmitter', async () => {
    await broker.receiveSignal('idp', token());
    expect(await begun()).toMatchObject([
      {
        ...{ what: 'revoke', cause: 'context_changed', by: `signal:${issuer}` },
        scope: { of: 'agent', name: agent.id },
        reason: 'session-revoked: Policy Violation: C076E822',
      },
    ]);
    expect(await broker.listBlocks(admin)).toEqual([]);
  });

  test('the same jti again has no second effect', async () => {
    for (let i = 0; i < 3; i++) await broker.receiveSignal('idp', token());
    expect(await begun()).toHaveLength(1);
  });

  test.each(['credential-change', 'token-claims-change'])('%s revokes as well', async (type) => {
    await broker.receiveSignal('idp', token({ events: { [caep + type]: {} } }));
    expect(await begun()).toMatchObject([{ what: 'revoke', reason: type }]);
  });

  test('risk-level-change sets the risk and evaluates the leases of the agent again', async () => {
    const events = { [`${caep}risk-level-change`]: { current_level: 'HIGH', reason_admin: { en: 'odd' } } };
    await broker.receiveSignal('idp', token({ events }));
    expect(await begun()).toMatchObject([{ what: 'evaluate', scope: { name: agent.id } }]);
    expect((await ledger.agents.risks()).get(agent.id)).toMatchObject([
      { level: 'high', by: `signal:${issuer}`, reason: 'risk-level-change: odd' },
    ]);
  });

  const risk = (current_level: string, over: object = {}, event: object = {}) =>
    token({ ...over, events: { [`${caep}risk-level-change`]: { current_level, ...event } } });
  const riskNow = async () => (await broker.findAgent(admin, agent.id)).risk;

  test('what a stream says lowers only what the same stream has said', async () => {
    await broker.signalAgent(admin, agent.id, { level: 'high', reason: 'seen abroad' });
    await broker.receiveSignal('idp', risk('LOW', { jti: 'one' }));
    expect(await broker.findAgent(admin, agent.id)).toMatchObject({
      risk: 'high',
      signal: { by: admin.id },
    });
    await broker.signalAgent(admin, agent.id, { level: 'none', reason: 'it was a conference' });
    await broker.receiveSignal('idp', risk('HIGH', { jti: 'two' }));
    expect(await riskNow()).toBe('high');
    await broker.receiveSignal('idp', risk('MEDIUM', { jti: 'three' }));
    expect(await riskNow()).toBe('medium');
    await broker.signalAgent(admin, agent.id, { level: 'low', reason: 'looked at' });
    expect(await riskNow()).toBe('low');
  });

  test('one that comes late changes nothing that was said after it', async () => {
    const iat = Math.floor(ledger.clock() / 1000);
    await broker.receiveSignal('idp', risk('HIGH', { jti: 'later', iat }));
    await broker.receiveSignal('idp', risk('LOW', { jti: 'earlier', iat: iat - 60 }));
    expect(await riskNow()).toBe('high');
    await broker.receiveSignal('idp', risk('LOW', { jti: 'sent-again', iat }, { event_timestamp: iat - 60 }));
    expect(await riskNow()).toBe('high');
    expect(await begun()).toHaveLength(1);
  });

  test('the words of the transmitter are cut between characters', async () => {
    const text = `a${'\u{1f600}'.repeat(300)}`;
    await broker.receiveSignal('idp', risk('HIGH', {}, { reason_admin: { en: text } }));
    const [said] = (await ledger.agents.risks()).get(agent.id)!;
    expect(said!.reason).not.toMatch(/\p{Cs}/u);
    expect(Array.from(said!.reason).length).toBeLessThanOrEqual('risk-level-change: '.length + 200);
  });

  test.each<[string, object]>([
    ['an event that means nothing here', { events: { 'https://example.com/other': {} } }],
    [
      'a verification event',
      { events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': {} } },
    ],
    ['a subject of another format', { sub_id: { format: 'email', email: 'a@example.com' } }],
    ['a subject of another issuer', { sub_id: { format: 'iss_sub', iss: 'https://x.test', sub: agent.id } }],
    [
      'a subject that is the broker itself',
      { sub_id: { format: 'iss_sub', iss: issuer, sub: 'protem:canary' } },
    ],
  ])('%s is taken and does nothing', async (_what, over) => {
    await broker.receiveSignal('idp', token(over));
    expect(await begun()).toEqual([]);
  });

  const other = makeSigner('RS256', 'idp');
  test.each<[string, string, () => string]>([
    ['with exp', 'invalid_request', () => token({ exp: 4_000_000_000 })],
    ['with sub', 'invalid_request', () => token({ sub: agent.id })],
    ['without jti', 'invalid_request', () => token({ jti: undefined })],
    ['without events', 'invalid_request', () => token({ events: {} })],
    ['of the future', 'invalid_request', () => token({ iat: ledger.clock() / 1000 + 3600 })],
    ['of last month', 'invalid_request', () => token({ iat: ledger.clock() / 1000 - 30 * 86_400 })],
    ['that is a plain JWT', 'invalid_request', () => token({}, { typ: 'JWT' })],
    ['that is no token', 'invalid_request', () => 'nonsense'],
    ['that brings its own key', 'invalid_request', () => token({}, { jwk: other.publicJwk })],
    ['of another issuer', 'invalid_issuer', () => token({ iss: 'https://idp.example.com/' })],
    ['for another receiver', 'invalid_audience', () => token({ aud: 'https://elsewhere.example' })],
    ['forged', 'invalid_key', () => token({}, {}, other)],
    ['by a key nobody knows', 'invalid_key', () => token({}, { kid: 'unknown' })],
    ['by an algorithm that is not accepted', 'invalid_key', () => token({}, { alg: 'none' })],
  ])('a token %s is refused with %s, and that is in the audit', async (_what, err, make) => {
    await expect(broker.receiveSignal('idp', make())).rejects.toMatchObject({ err });
    expect(await begun()).toEqual([]);
    const { items } = await ledger.log.read({ pageSize: 10 });
    expect(items.map(({ event }) => event)).toEqual([
      { type: 'signal.refused', source: 'idp', reason: err, count: 1 },
    ]);
  });

  test('a stream that nobody knows is no stream', async () => {
    await expect(broker.receiveSignal('constructor', token())).rejects.toMatchObject({
      code: 'signal.unknown',
    });
  });
});
