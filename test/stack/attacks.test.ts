import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';
import type { KeyPair } from 'dpop';
import { calculateJwkThumbprint } from 'jose';
import { hmacJws, jwksOf, makeSigner, signJws, unsignedJws } from '../identity/signer.js';
import type { Signer } from '../identity/signer.js';
import type { Json } from '../../src/sandbox/story/api-client.js';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

/*
 * What somebody tries who sees the network, or has stolen a token, against a broker that runs as an operator would start
 * it. What counts at the end is what exists at the provider.
 */
const runs = canRun('attacks on a running broker', redisPrograms());
const issuer = 'https://issuer.example';
const audience = 'http://protem';
const transmitter = 'https://idp.example/1';
const receiver = 'https://broker.example/caep';
const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const agentId = 'agent:reports';

(runs ? describe : describe.skip)('attacks on a running broker', () => {
  const issuerKey = makeSigner('ES256', 'issuer');
  const idpKey = makeSigner('RS256', 'idp');
  let redis: RedisServer;
  let world: World;
  let place: VaultPlace;
  let look: LedgerReader;
  let pair: KeyPair;
  let thumbprint: string;
  const urls = { plain: '', withNonces: '' };

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    place = world.providers['vault']!;
    look = await world.ledger({ url: redis.url });
    pair = await generateKeyPair('ES256');
    thumbprint = await calculateThumbprint(pair.publicKey);
    const rules = [
      { where: { sub: 'reports' }, kind: 'agent', id: agentId },
      { where: { sub: 'other' }, kind: 'agent', id: 'agent:other' },
    ];
    const settings = {
      audience,
      redis: { url: redis.url },
      issuers: [
        { issuer, keys: { inline: jwksOf(issuerKey) }, rules, requireSenderConstraint: 'bound' },
        // Who transmits events also issues tokens, and by the same key: only their kind tells them apart.
        { issuer: transmitter, keys: { inline: jwksOf(idpKey) }, algorithms: ['RS256'], rules },
      ],
      signals: { idp: { issuer: transmitter, audience: receiver, keys: { inline: jwksOf(idpKey) } } },
    };
    const plain = await world.start('serve', world.configure(settings));
    const nonces = { ...settings, dpop: { requireNonce: true } };
    const withNonces = await world.start('api', world.configure(nonces));
    for (const [name, protem] of Object.entries({ plain, withNonces }))
      urls[name as 'plain'] = (await protem.says('protem is running')).url!;
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  const nowSeconds = () => Math.floor(Date.now() / 1000);
  const tokenOf = ({ sub = 'reports', jkt = thumbprint, ageSeconds = 0 } = {}) => {
    const iat = nowSeconds() - ageSeconds;
    return signJws(issuerKey, { iss: issuer, sub, aud: audience, iat, exp: iat + 600, cnf: { jkt } });
  };
  const send = async (url: string, headers: Record<string, string>, body: string) => {
    const response = await fetch(url, { method: 'POST', headers, body });
    const text = await response.text();
    const nonce = response.headers.get('dpop-nonce');
    return { status: response.status, nonce, body: (text === '' ? {} : JSON.parse(text)) as Json };
  };
  const json = { 'content-type': 'application/json' };
  const proofFor = (url: string, token: string, nonce?: string, by = pair) =>
    generateProof(by, url, 'POST', nonce, token);
  const post = (url: string, token: string, proof: string, body: object) =>
    send(url, { ...json, authorization: `DPoP ${token}`, dpop: proof }, JSON.stringify(body));
  const openTask = async (token: string, base = urls.plain) => {
    const url = `${base}/v1/tasks`;
    const { body } = await post(url, token, await proofFor(url, token), { intent: 'x', deadline: '1h' });
    return `${url}/${body.id}/credentials`;
  };
  const asking = { credential: 'vault-db', tool: 'sql.query' };
  const liveAtVault = () => place.vault.databaseUsers().length;

  /** A proof with everything in it chosen by hand. */
  const proofOf = (signer: Signer, url: string, token: string, over: object = {}, header: object = {}) => {
    const { kid: _, ...jwk } = signer.publicJwk;
    const ath = createHash('sha256').update(token).digest('base64url');
    const claims = { jti: randomUUID(), htm: 'POST', htu: url, iat: nowSeconds(), ath };
    const named = { typ: 'dpop+jwt', jwk, kid: undefined, ...header };
    return signJws(signer, { ...claims, ...over }, named);
  };

  test('TOK-05: a proof that was seen on the wire issues nothing a second time, however many try at once', async () => {
    const token = tokenOf();
    const url = await openTask(token);
    const before = liveAtVault();
    const proof = await proofFor(url, token);
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(url, token, proof, asking)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.map(({ status, body }) => `${status} ${body.code}`)).toEqual(
      Array.from({ length: 19 }, () => '401 dpop.invalid'),
    );
    // Nor at another process, which has the same memory.
    expect((await post(url, token, proof, asking)).status).toBe(401);
    expect(liveAtVault()).toBe(before + 1);
  });

  test('TOK-05, TOK-06: no other proof, and none, gets anything for a stolen token', async () => {
    const mine = makeSigner('ES256', 'mine');
    const { kid: _, ...jwk } = mine.publicJwk;
    const token = tokenOf({ jkt: await calculateJwkThumbprint(jwk, 'sha256') });
    const elsewhere = `${urls.plain}/v1/tasks`;
    const opening = proofOf(mine, elsewhere, token);
    const opened = await post(elsewhere, token, opening, { intent: 'x', deadline: '1h' });
    const url = `${elsewhere}/${opened.body.id}/credentials`;
    const before = liveAtVault();
    const thief = makeSigner('ES256', 'thief');
    const proofs: Record<string, string> = {
      'another method': proofOf(mine, url, token, { htm: 'GET' }),
      'another path': proofOf(mine, elsewhere, token),
      'another host': proofOf(mine, url.replace('127.0.0.1', 'evil.example'), token),
      'another scheme': proofOf(mine, url.replace('http:', 'https:'), token),
      'a path with a slash more': proofOf(mine, `${url}/`, token),
      'an old one': proofOf(mine, url, token, { iat: nowSeconds() - 120 }),
      'one of the future': proofOf(mine, url, token, { iat: nowSeconds() + 120 }),
      'another key': proofOf(thief, url, token),
      'another key, that names the right one': proofOf(thief, url, token, {}, { jwk }),
      'another token': proofOf(mine, url, tokenOf()),
      'no token': proofOf(mine, url, token, { ath: undefined }),
      'no jti': proofOf(mine, url, token, { jti: undefined }),
      'no type': proofOf(mine, url, token, {}, { typ: 'JWT' }),
      'a key at an address': proofOf(
        mine,
        url,
        token,
        {},
        { jku: 'https://evil.example/keys', jwk: undefined },
      ),
      'no algorithm': unsignedJws({ htm: 'POST', htu: url }, { typ: 'dpop+jwt', alg: 'none', jwk }, 'AAAA'),
      'a shared secret': hmacJws(
        JSON.stringify(jwk),
        { htm: 'POST' },
        { typ: 'dpop+jwt', alg: 'HS256', jwk },
      ),
      'the token itself': token,
      'nothing in it': '',
    };
    for (const [what, proof] of Object.entries(proofs)) {
      const { status, body } = await post(url, token, proof, asking);
      expect(`${what}: ${status} ${body.code}`).toBe(`${what}: 401 dpop.invalid`);
    }
    const bare = await send(url, { ...json, authorization: `Bearer ${token}` }, JSON.stringify(asking));
    expect(`${bare.status} ${bare.body.code}`).toBe('401 dpop.missing');
    const good = proofOf(mine, url, token);
    const asBearer = { ...json, authorization: `Bearer ${token}`, dpop: good };
    expect((await send(url, asBearer, JSON.stringify(asking))).status).toBe(401);
    expect(liveAtVault()).toBe(before);
    // Each refusal was for the proof, and not for something else that was wrong.
    expect((await post(url, token, proofOf(mine, url, token), asking)).status).toBe(201);
  });

  test('TOK-09: a token that names no key is refused where its issuer has to bind it, proved or not', async () => {
    const iat = nowSeconds();
    const token = signJws(issuerKey, { iss: issuer, sub: 'reports', aud: audience, iat, exp: iat + 60 });
    const url = `${urls.plain}/v1/tasks`;
    const body = { intent: 'x', deadline: '1h' };
    const proved = await post(url, token, await proofFor(url, token), body);
    expect(`${proved.status} ${proved.body.code}`).toBe('400 dpop.required');
    const bare = await send(url, { ...json, authorization: `Bearer ${token}` }, JSON.stringify(body));
    expect(`${bare.status} ${bare.body.code}`).toBe('400 dpop.required');
  });

  test('TOK-07: without the nonce of this broker a proof is worth nothing, and one with it is worth it once', async () => {
    const token = tokenOf();
    const url = `${urls.withNonces}/v1/tasks`;
    const body = { intent: 'x', deadline: '1h' };
    const without = await post(url, token, await proofFor(url, token), body);
    expect(`${without.status} ${without.body.code}`).toBe('401 dpop.nonce');
    const guessed = await post(url, token, await proofFor(url, token, 'A'.repeat(24)), body);
    expect(`${guessed.status} ${guessed.body.code}`).toBe('401 dpop.nonce');
    expect(guessed.nonce).toBe(without.nonce);
    const proof = await proofFor(url, token, without.nonce!);
    expect((await post(url, token, proof, body)).status).toBe(201);
    expect((await post(url, token, proof, body)).body.code).toBe('dpop.invalid');
  });

  const setOf = (over: object = {}, header: object = {}, by = idpKey) =>
    signJws(
      by,
      {
        ...{ iss: transmitter, jti: randomUUID(), iat: nowSeconds(), aud: receiver },
        sub_id: { format: 'iss_sub', iss: transmitter, sub: agentId },
        events: { [`${caep}session-revoked`]: {} },
        ...over,
      },
      { typ: 'secevent+jwt', ...header },
    );
  const push = (token: string, stream = 'idp', type = 'application/secevent+jwt') =>
    send(`${urls.plain}/v1/signals/${stream}`, { 'content-type': type }, token);

  test('REV-07: a forged event, and one about somebody else, takes nothing from anyone; a real one takes all', async () => {
    const token = tokenOf({ ageSeconds: 5 });
    const url = await openTask(token);
    const { body } = await post(url, token, await proofFor(url, token), asking);
    const forger = makeSigner('RS256', 'idp');
    const bearer = signJws(idpKey, {
      ...{ iss: transmitter, sub: 'reports', aud: audience, iat: nowSeconds(), exp: nowSeconds() + 60 },
    });
    const forged: Record<string, [string, string]> = {
      'by another key': [setOf({}, {}, forger), 'invalid_key'],
      'by a key that it brings along': [setOf({}, { jwk: forger.publicJwk }, forger), 'invalid_request'],
      'by no key': [
        unsignedJws({ iss: transmitter }, { typ: 'secevent+jwt', alg: 'none' }, 'AA'),
        'invalid_key',
      ],
      'by the public key as a secret': [
        hmacJws(JSON.stringify(idpKey.publicJwk), {}, { typ: 'secevent+jwt', alg: 'HS256', kid: 'idp' }),
        'invalid_key',
      ],
      'for another receiver': [setOf({ aud: 'https://elsewhere.example' }), 'invalid_audience'],
      'of another issuer': [setOf({ iss: issuer }), 'invalid_issuer'],
      'of the future': [setOf({ iat: nowSeconds() + 600 }), 'invalid_request'],
      'of long ago': [setOf({ iat: nowSeconds() - 30 * 86_400 }), 'invalid_request'],
      'that could be an access token': [setOf({ exp: nowSeconds() + 60 }), 'invalid_request'],
      'that is an access token': [bearer, 'invalid_request'],
      'that is a proof': [await proofFor(url, token), 'invalid_request'],
      'that says nothing': [setOf({ events: {} }), 'invalid_request'],
      'that is no token': ['{}', 'invalid_request'],
    };
    for (const [what, [set, err]] of Object.entries(forged)) {
      const answer = await push(set);
      expect(`${what}: ${answer.status} ${answer.body.err}`).toBe(`${what}: 400 ${err}`);
    }
    expect((await push(setOf(), 'other')).status).toBe(404);
    const subjects: object[] = [
      { format: 'email', email: 'reports@example.com' },
      { format: 'opaque', id: agentId },
      { format: 'iss_sub', iss: 'https://elsewhere.example', sub: agentId },
      { format: 'iss_sub', iss: transmitter, sub: `${agentId}\n` },
      { format: 'iss_sub', iss: transmitter, sub: [agentId] },
      { format: 'complex', user: { format: 'iss_sub', iss: transmitter, sub: agentId } },
      { format: 'aliases', identifiers: [{ format: 'iss_sub', iss: transmitter, sub: agentId }] },
      { format: 'iss_sub', iss: transmitter, sub: 'agent:other' },
    ];
    for (const sub_id of subjects) expect((await push(setOf({ sub_id }))).status).toBe(202);
    expect((await push(setOf({ events: { 'https://example.com/unknown': {} } }))).status).toBe(202);
    // An event is no proof of anyone, though its issuer's tokens are.
    const asToken = await send(url, { ...json, authorization: `Bearer ${setOf()}` }, JSON.stringify(asking));
    expect(`${asToken.status} ${asToken.body.code}`).toBe('401 identity.unproven');
    expect((await look.lease(body.lease.id))?.state).toBe('active');

    const real = setOf();
    for (let time = 0; time < 3; time++) expect((await push(real)).status).toBe(202);
    await look.becomes(body.lease.id, 'revoked', 20_000);
    expect(await place.lets(body.secret)).toBe(false);
    const again = await post(url, token, await proofFor(url, token), asking);
    expect(`${again.status} ${again.body.code}`).toBe('401 identity.stale');
    const { items } = await look.ledger.withdrawals.list({ pageSize: 50 });
    const withdrawn = items.filter(({ scope }) => scope.of === 'agent' && scope.name === agentId);
    expect(withdrawn).toHaveLength(1);
  });
});
