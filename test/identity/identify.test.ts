import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchKeys } from '../../src/identity/key-fetch.js';
import { startIssuer, type SandboxIssuer } from '../../src/sandbox/issuer/issuer.js';
import { trustSettings } from '../../src/sandbox/issuer/trust-settings.js';
import { jwksOf, makeSigner, signJws } from './signer.js';
import { broker, startMs, startSeconds, trusting } from './trusting.js';

const trustDomain = 'a.example';
const spiffeId = `spiffe://${trustDomain}/agent/reports`;

describe('against an issuer over HTTP', () => {
  let issuer: SandboxIssuer;
  let now = startMs;
  const openTrust = () => {
    const { audience: _, ...sections } = trustSettings(issuer);
    const trust = trusting(sections, fetchKeys);
    const advance = (seconds: number) => {
      now += seconds * 1000;
      trust.advance(seconds);
    };
    now = startMs;
    return { ...trust, advance };
  };
  beforeAll(async () => {
    issuer = await startIssuer({ trustDomain, audience: broker, clock: () => now });
  });
  afterAll(() => issuer.close());

  test('an SVID and an OIDC token are told apart, and each finds its own keys', async () => {
    const { ask } = openTrust();
    expect(await ask(await issuer.mintSvid(spiffeId))).toMatchObject({
      principal: { id: spiffeId, kind: 'agent' },
    });
    const operator = await issuer.mintToken({ sub: 'alice', kind: 'operator', role: 'viewer' });
    expect(await ask(operator)).toMatchObject({
      principal: { id: 'operator:alice', kind: 'operator', roles: ['viewer'], issuer: issuer.url },
    });
  });

  test('WID-07: an emptied bundle takes back every SVID at the next reading, also those verified before', async () => {
    const { ask, advance } = openTrust();
    const token = await issuer.mintSvid(spiffeId);
    expect(await ask(token)).toHaveProperty('principal');
    expect(await ask(token)).toHaveProperty('principal');
    issuer.emptyBundle();
    advance(59);
    expect(await ask(token)).toHaveProperty('principal');
    advance(1);
    expect(await ask(token)).toEqual({ refused: 'svid.unknown_key' });
    await issuer.rotate();
  });

  test('WID-07: a key that appears is found at once; one that is gone stops at the next reading', async () => {
    const { ask, advance } = openTrust();
    const [oldSvid, oldToken] = [
      await issuer.mintSvid(spiffeId),
      await issuer.mintToken({ sub: 'x', kind: 'agent' }),
    ];
    expect(await ask(oldSvid)).toHaveProperty('principal');
    expect(await ask(oldToken)).toHaveProperty('principal');
    await issuer.rotate();
    expect(await ask(await issuer.mintSvid(spiffeId))).toHaveProperty('principal');
    expect(await ask(await issuer.mintToken({ sub: 'x', kind: 'agent' }))).toHaveProperty('principal');
    expect(await ask(oldSvid)).toHaveProperty('principal');
    await issuer.rotate();
    advance(60);
    expect(await ask(oldSvid)).toEqual({ refused: 'svid.unknown_key' });
    advance(240);
    expect(await ask(oldToken)).toEqual({ refused: 'oidc.unknown_key' });
  });

  test('tokens of unknown keys do not make the broker flood the issuer', async () => {
    const { ask } = openTrust();
    await ask(await issuer.mintSvid(spiffeId));
    const before = issuer.requests.get('/bundle') ?? 0;
    const stranger = makeSigner('ES256', 'stranger');
    const claims = { sub: spiffeId, aud: broker, exp: startSeconds + 60 };
    for (let index = 0; index < 50; index++)
      expect(await ask(signJws(stranger, claims, { kid: `stranger-${index}` }))).toEqual({
        refused: 'svid.unknown_key',
      });
    expect(issuer.requests.get('/bundle')).toBe(before + 1);
  });
});

test('keys that cannot be had are another fault than a bad token, and are told too', async () => {
  const unreachable = trusting({ issuers: [{ issuer: 'https://issuer.example', rules: [rule()] }] }, () =>
    Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3')),
  );
  const token = signJws(makeSigner('ES256', 'k'), { iss: 'https://issuer.example', sub: 'x' });
  await expect(unreachable.identify(token)).rejects.toMatchObject({
    code: 'identity.unavailable',
    message: 'The keys that would verify the token cannot be read right now.',
    reason: 'keys.unreachable',
  });
  expect(unreachable.refusals).toEqual(['keys.unreachable']);
});

const rule = () => ({ where: { sub: 'joe' }, kind: 'agent', id: 'joe' });

describe('with the keys of one issuer', () => {
  const key = makeSigner('ES256', 'k');
  const issuer = 'https://issuer.example';
  const sections = { issuers: [{ issuer, keys: { inline: jwksOf(key) }, rules: [rule()] }] };
  const claims = { iss: issuer, sub: 'joe', aud: broker, iat: startSeconds, exp: startSeconds + 120 };

  test('every bad token gets the same sentence; the reason goes to the log, and the token nowhere', async () => {
    const { identify, refusals } = trusting(sections);
    const tokens = [
      '',
      'x',
      signJws(key, { ...claims, aud: 'other' }),
      signJws(key, { ...claims, exp: 1 }),
      signJws(makeSigner('ES256', 'k'), claims),
      signJws(key, { ...claims, iss: 'https://other.example' }),
    ];
    const faults = await Promise.all(tokens.map((token) => identify(token).catch((cause: unknown) => cause)));
    for (const [index, fault] of faults.entries()) {
      expect(fault).toMatchObject({
        code: 'identity.unproven',
        message: 'The token does not prove who the caller is.',
      });
      const { stack, cause, reason } = fault as Error & { reason: string };
      for (const part of tokens[index]!.split('.').filter((text) => text.length > 5))
        expect(`${stack} ${String(cause)} ${reason}`).not.toContain(part);
    }
    expect(refusals.toSorted()).toEqual([
      'issuer.unknown',
      'oidc.audience',
      'oidc.expired',
      'oidc.signature',
      'token.malformed',
      'token.missing',
    ]);
  });

  test('a token seen before gives the very same principal, until it ends', async () => {
    const { identify, ask, advance } = trusting(sections);
    const token = signJws(key, claims);
    const first = await identify(token);
    expect(await identify(token)).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    advance(124);
    expect(await identify(token)).toBe(first);
    advance(1);
    expect(await ask(token)).toEqual({ refused: 'oidc.expired' });
  });

  test('a token is verified again five minutes later at the latest', async () => {
    const { identify, advance } = trusting(sections);
    const token = signJws(key, { ...claims, exp: startSeconds + 3600 });
    const first = await identify(token);
    advance(299);
    expect(await identify(token)).toBe(first);
    advance(1);
    const second = await identify(token);
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
  });

  test('a refusal is not remembered: the token may be good later', async () => {
    const { ask, advance } = trusting(sections);
    const token = signJws(key, { ...claims, nbf: startSeconds + 30 });
    expect(await ask(token)).toEqual({ refused: 'oidc.not_yet_valid' });
    advance(30);
    expect(await ask(token)).toHaveProperty('principal');
  });

  test('a broker that trusts nobody refuses everybody', async () => {
    const { ask } = trusting({});
    expect(await ask(signJws(key, claims))).toEqual({ refused: 'issuer.unknown' });
    expect(await ask(signJws(key, { ...claims, sub: spiffeId }))).toEqual({ refused: 'svid.trust_domain' });
  });
});
