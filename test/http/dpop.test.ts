import { beforeAll, describe, expect, test } from '@jest/globals';
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';
import type { KeyPair } from 'dpop';
import * as oauth from 'oauth4webapi';
import { createIdentify } from '../../src/identity/identify.js';
import { identitySettings } from '../../src/identity/identity-settings.js';
import { systemClock } from '../../src/kernel/clock.js';
import { Fault } from '../../src/kernel/fault.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { jwksOf, makeSigner, signJws } from '../identity/signer.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { expectProblem, serving } from './serving.js';
import type { Serving } from './serving.js';

const audience = 'https://protem.test';
const issuer = 'https://issuer.test';
const issuerKey = makeSigner('ES256', 'issuer');

const tokenFor = (cnf?: object): string => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: 'reports', aud: audience, iat: now, exp: now + 300 };
  return signJws(issuerKey, { ...claims, ...(cnf && { cnf }) });
};

interface Demands {
  readonly requireSenderConstraint?: string;
  readonly dpop?: object;
}

/** An API that takes the tokens of one issuer, with the real store of proofs behind it. */
async function api({ requireSenderConstraint = 'no', dpop = {} }: Demands = {}): Promise<Serving> {
  const settings = identitySettings.parse({
    audience,
    dpop,
    issuers: [
      {
        issuer,
        keys: { inline: jwksOf(issuerKey) },
        rules: [{ where: { sub: 'reports' }, kind: 'agent', id: 'agent:reports' }],
        requireSenderConstraint,
      },
    ],
  });
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  let url: string | undefined;
  const identify = createIdentify(settings, {
    clock: systemClock,
    proofs: ledger.proofs(settings.dpop.requireNonce ? settings.dpop.nonceLifetime * 1000 : undefined),
    listeningAt: () => url,
  });
  const served = await serving({ broker: { identify } });
  url = served.url;
  return served;
}

describe('a token that is bound to a key', () => {
  let pair: KeyPair;
  let token: string;
  beforeAll(async () => {
    pair = await generateKeyPair('ES256');
    token = tokenFor({ jkt: await calculateThumbprint(pair.publicKey) });
  });
  const proofFor = ({ url }: Serving, method = 'GET', path = '/v1/tasks', nonce?: string) =>
    generateProof(pair, url + path, method, nonce, token);
  const shown = (proof: string, more = token) => ({
    token: null,
    headers: { authorization: `DPoP ${more}`, dpop: proof },
  });

  test('TOK-05 is taken with a proof by that key, and each proof once', async () => {
    const served = await api();
    const proof = await proofFor(served);
    expect((await served.call('GET', '/v1/tasks?page_size=5', shown(proof))).status).toBe(200);
    const again = await served.call('GET', '/v1/tasks', shown(proof));
    expectProblem(again, 'dpop.invalid');
    expect(again.headers.get('www-authenticate')).toMatch(
      /^DPoP realm="protem", algs="ES256 [^"]*", error="invalid_dpop_proof"$/,
    );
    await served.logged({ fault: 'dpop.invalid', reason: 'dpop.replayed' });
    expect(served.broker.calls.filter(({ verb }) => verb === 'listTasks')).toHaveLength(1);
  });

  test('TOK-06 is refused as a Bearer token, with and without a proof', async () => {
    const served = await api();
    const bare = await served.call('GET', '/v1/tasks', { token });
    expectProblem(bare, 'dpop.missing');
    expect(bare.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_token"$/);
    const proof = await proofFor(served);
    const beside = await served.call('GET', '/v1/tasks', { token, headers: { dpop: proof } });
    expectProblem(beside, 'dpop.invalid');
    expect(served.broker.calls.every(({ verb }) => verb === 'identify')).toBe(true);
  });

  test('TOK-05 nothing happens for a request whose proof is for another, has no proof, or is proved twice', async () => {
    const served = await api();
    const body = { intent: 'x', deadline: '1h' };
    const open = async (proof: string) => served.call('POST', '/v1/tasks', { ...shown(proof), body });
    expectProblem(await open(await proofFor(served, 'GET')), 'dpop.invalid');
    expectProblem(await open(await proofFor(served, 'POST', '/v1/leases')), 'dpop.invalid');
    expectProblem(await open(''), 'dpop.invalid');
    const [one, two] = [await proofFor(served, 'POST'), await proofFor(served, 'POST')];
    expectProblem(await open(`${one}, ${two}`), 'dpop.invalid');
    expect(served.broker.tasks.size).toBe(0);
    expect((await open(one)).status).toBe(201);
  });

  test('TOK-05 two DPoP headers are refused, though Node would show them as one', async () => {
    const served = await api();
    const { socket, closed } = await served.connection();
    const [one, two] = [await proofFor(served), await proofFor(served)];
    socket.write(
      `GET /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ${token}\r\nDPoP: ${one}\r\nDPoP: ${two}\r\nConnection: close\r\n\r\n`,
    );
    expect(await closed).toContain('more than one DPoP header');
  });

  test('TOK-05 the address is the one that is configured, whatever Host says', async () => {
    const served = await api({ dpop: { alsoAt: ['https://protem.example/api'] } });
    const other = await generateProof(pair, 'https://elsewhere.example/v1/tasks', 'GET', undefined, token);
    const { socket, closed } = await served.connection();
    socket.write(
      `GET /v1/tasks HTTP/1.1\r\nHost: elsewhere.example\r\nAuthorization: DPoP ${token}\r\nDPoP: ${other}\r\nConnection: close\r\n\r\n`,
    );
    expect(await closed).toContain('dpop.invalid');
    const behind = await generateProof(pair, 'https://protem.example/api/v1/tasks', 'GET', undefined, token);
    expect((await served.call('GET', '/v1/tasks', shown(behind))).status).toBe(200);
  });

  test('TOK-05 a proof by another key, or for another token, is refused', async () => {
    const served = await api();
    const thief = await generateKeyPair('ES256');
    const stolen = await generateProof(thief, `${served.url}/v1/tasks`, 'GET', undefined, token);
    expectProblem(await served.call('GET', '/v1/tasks', shown(stolen)), 'dpop.invalid');
    await served.logged({ reason: 'dpop.other_key' });
    expectProblem(
      await served.call('GET', '/v1/tasks', shown(await proofFor(served), tokenFor())),
      'dpop.invalid',
    );
    await served.logged({ reason: 'dpop.token' });
  });

  test('a token that is not good is refused as such, before its proof is looked at', async () => {
    const served = await api();
    const answer = await served.call(
      'GET',
      '/v1/tasks',
      shown(await proofFor(served), `${token.slice(0, -4)}AAAA`),
    );
    expectProblem(answer, 'identity.unproven');
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="protem", DPoP realm="protem", algs="/,
    );
  });

  test.each([
    [{}],
    [{ jkt: 'short' }],
    [{ 'x5t#S256': 'short' }],
    [{ jkt: 'a'.repeat(43), 'x5t#S256': 'a'.repeat(43) }],
    [{ jkt: 'a'.repeat(43), jwk: {} }],
    ['text'],
  ])('TOK-06 a token bound in a way that is not checked here is refused: cnf %j', async (cnf) => {
    const served = await api();
    expectProblem(
      await served.call('GET', '/v1/tasks', { token: tokenFor(cnf as object) }),
      'identity.unproven',
    );
    await served.logged({ reason: 'oidc.confirmation' });
  });

  test('TOK-07 a nonce is asked for, and the DPoP handle of oauth4webapi gets through with it by itself', async () => {
    const served = await api({ dpop: { requireNonce: true } });
    const handle = oauth.DPoP({}, pair as unknown as oauth.CryptoKeyPair);
    const options = { DPoP: handle, [oauth.allowInsecureRequests]: true };
    const list = () =>
      oauth.protectedResourceRequest(
        token,
        'GET',
        new URL(`${served.url}/v1/tasks`),
        undefined,
        undefined,
        options,
      );
    const refused: unknown = await list().catch((cause: unknown) => cause);
    expect(oauth.isDPoPNonceError(refused)).toBe(true);
    expect(refused).toMatchObject({
      status: 401,
      cause: [{ scheme: 'dpop', parameters: { error: 'use_dpop_nonce' } }],
    });
    expect((await list()).status).toBe(200);
    expect((await list()).status).toBe(200);
  });

  test('TOK-07 an old nonce is refused with a new one', async () => {
    const served = await api({ dpop: { requireNonce: true } });
    const answer = await served.call(
      'GET',
      '/v1/tasks',
      shown(await proofFor(served, 'GET', '/v1/tasks', 'old')),
    );
    expectProblem(answer, 'dpop.nonce');
    expect(answer.headers.get('www-authenticate')).toMatch(/error="use_dpop_nonce"$/);
    const nonce = answer.headers.get('dpop-nonce')!;
    expect(nonce).toMatch(/^[\w-]{24}$/);
    const renewed = await served.call(
      'GET',
      '/v1/tasks',
      shown(await proofFor(served, 'GET', '/v1/tasks', nonce)),
    );
    expect(renewed.status).toBe(200);
    expect(renewed.headers.has('dpop-nonce')).toBe(false);
  });
});

describe('a token that is bound to none', () => {
  const list = async (served: Serving, token: string, prove: boolean) => {
    if (!prove) return served.call('GET', '/v1/tasks', { token });
    const proof = await generateProof(
      await generateKeyPair('ES256'),
      `${served.url}/v1/tasks`,
      'GET',
      undefined,
      token,
    );
    return served.call('GET', '/v1/tasks', {
      token: null,
      headers: { authorization: `dpop ${token}`, dpop: proof },
    });
  };

  test('is taken either way where nothing is demanded', async () => {
    const served = await api();
    for (const prove of [false, true]) expect((await list(served, tokenFor(), prove)).status).toBe(200);
    const [bearer, proved] = served.broker.calls.filter(({ verb }) => verb === 'listTasks');
    expect(bearer?.arguments[0]).not.toHaveProperty('provedBy');
    expect(proved?.arguments[0]).toMatchObject({ provedBy: expect.stringMatching(/^.{43}$/) });
  });

  test('TOK-09 is refused without a proof where its issuer demands one', async () => {
    const served = await api({ requireSenderConstraint: 'proof' });
    const answer = await list(served, tokenFor(), false);
    expectProblem(answer, 'dpop.required');
    expect(answer.status).toBe(400);
    expect(answer.headers.get('www-authenticate')).toMatch(/error="invalid_request"$/);
    expect((await list(served, tokenFor(), true)).status).toBe(200);
  });

  test('TOK-09 is refused with a proof as well where its issuer has to bind it', async () => {
    const served = await api({ requireSenderConstraint: 'bound' });
    for (const prove of [false, true]) expectProblem(await list(served, tokenFor(), prove), 'dpop.required');
  });
});

test('a 401 for a token that is too old says how to prove oneself (RFC 9110 section 15.5.2)', async () => {
  const stale = new Fault('identity.stale', 'The session of this caller was ended.');
  const api = await serving({ broker: { identify: () => Promise.reject(stale) } });
  const answer = await api.call('GET', '/v1/tasks');
  expectProblem(answer, 'identity.stale');
  expect(answer.headers.get('www-authenticate')).toMatch(
    /^Bearer realm="protem", error="invalid_token", DPoP realm="protem", algs="ES256 /,
  );
});
