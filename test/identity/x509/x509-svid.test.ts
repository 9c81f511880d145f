import { beforeAll, expect, test } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { X509Certificate } from 'node:crypto';
import { isSenderConstrained } from '../../../src/identity/principal.js';
import { bundleOf, makeSigner, signJws } from '../signer.js';
import { broker, startMs, startSeconds, trusting } from '../trusting.js';
import {
  authority,
  certify,
  cRLSign,
  dayMs,
  digitalSignature,
  extension,
  keyCertSign,
  keyEncipherment,
  x509BundleOf,
} from './certifying.js';
import type { Certified, Certifying } from './certifying.js';
import { domain, id, showing } from './showing.js';

const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const unknownExtension = (critical: boolean) => extension('1.3.6.1.4.1.99999.1', critical, '0500');

let root: Certified;
let other: Certified;

beforeAll(async () => {
  root = await authority(startMs);
  // Of the same name: only its key tells it from the first.
  other = await authority(startMs);
});

const svid = (ask: Certifying = {}) => certify(startMs, { by: root, uris: [id], ...ask });
const domains = () => [domain('a.example', x509BundleOf(root)), domain('b.example', x509BundleOf(other))];
const shown = (chain: readonly Certified[], { trust = domains() as readonly object[] } = {}) =>
  trusting({ trustDomains: trust }).ask(undefined, showing(...chain));

test('WID-08: an X509-SVID names its workload, which has proved its key', async () => {
  const certificate = await svid({
    usage: digitalSignature | keyEncipherment,
    purposes: [serverAuth, clientAuth],
  });
  const jwk = new X509Certificate(certificate.der).publicKey.export({ format: 'jwk' });
  const answer = await shown([certificate]);
  const key = await calculateJwkThumbprint(jwk);
  expect(answer).toEqual({
    principal: {
      id,
      kind: 'agent',
      issuer: 'a.example',
      roles: [],
      claims: { path: '/agents/reports', serialNumber: certificate.certificate.serialNumber },
      proofIssuedAt: startMs - 10_000,
      proofExpiresAt: startMs + 3_600_000,
      boundTo: key,
      provedBy: key,
    },
  });
  expect('principal' in answer && isSenderConstrained(answer.principal)).toBe(true);
});

test('WID-08: the same workload is the same principal, by an X509-SVID or a JWT-SVID', async () => {
  const signer = makeSigner('ES256', 'jwt-authority');
  const bundle = { keys: [...x509BundleOf(root).keys, ...bundleOf(signer).keys] };
  const trusted = trusting({ trustDomains: [domain('a.example', bundle)] });
  const claims = { sub: id, aud: [broker], iat: startSeconds, exp: startSeconds + 300 };
  const byToken = await trusted.ask(signJws(signer, claims));
  const byCertificate = await trusted.ask(undefined, showing(await svid()));
  for (const answer of [byToken, byCertificate])
    expect(answer).toMatchObject({ principal: { id, kind: 'agent', issuer: 'a.example' } });
});

test('WID-08: what stands between it and its authority comes with it', async () => {
  const between = await authority(startMs, { subject: 'CN=between', by: root });
  const leaf = await svid({ by: between });
  expect(await shown([leaf, between])).toMatchObject({ principal: { id } });
  expect(await shown([leaf])).toEqual({ refused: 'x509.chain' });
});

test('WID-08: an authority of the bundle need not be one that signed itself', async () => {
  const between = await authority(startMs, { subject: 'CN=between', by: root });
  const trust = [domain('a.example', x509BundleOf(between))];
  expect(await shown([await svid({ by: between })], { trust })).toMatchObject({ principal: { id } });
  expect(await shown([await svid()], { trust })).toEqual({ refused: 'x509.chain' });
});

test.each<[string, Certifying, string]>([
  ['may sign certificates by its constraints', { isAuthority: true, usage: digitalSignature }, 'key_usage'],
  ['may sign certificates by its usage', { usage: digitalSignature | keyCertSign }, 'key_usage'],
  ['may sign lists', { usage: digitalSignature | cRLSign }, 'key_usage'],
  ['may not sign', { usage: keyEncipherment }, 'key_usage'],
  ['does not say what it is for', { usage: undefined }, 'key_usage'],
  ['says what it is for without insisting', { isUsageCritical: false }, 'key_usage'],
  ['is for servers only', { purposes: [serverAuth] }, 'key_usage'],
  ['has no name', { uris: [] }, 'spiffe_id'],
  ['has two', { uris: [id, 'spiffe://a.example/agents/other'] }, 'spiffe_id'],
  ['has another URI beside it', { uris: [id, 'https://a.example/'] }, 'spiffe_id'],
  ['names the trust domain itself', { uris: ['spiffe://a.example'] }, 'spiffe_id'],
  ['spells it otherwise', { uris: ['spiffe://A.example/agents/reports'] }, 'spiffe_id'],
  ['is of nobody that we know', { uris: ['spiffe://c.example/agents/reports'] }, 'trust_domain'],
  ['has no rule', { uris: ['spiffe://a.example/else'] }, 'subject'],
  ['has ended', { notAfterMs: startMs - 1000 }, 'expired'],
  ['has not begun', { notBeforeMs: startMs + 60_000 }, 'not_yet_valid'],
  ['was made for too long', { notAfterMs: startMs + dayMs }, 'lifetime'],
  ['insists on what nobody knows', { more: [unknownExtension(true)] }, 'chain'],
  [
    'has a weak key',
    {
      algorithm: {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
    },
    'weak_key',
  ],
])('WID-08: a certificate that %s is refused', async (_what, ask, flaw) => {
  expect(await shown([await svid(ask)])).toEqual({ refused: `x509.${flaw}` });
});

test('an extension that nobody knows is no reason to refuse where it is not critical', async () => {
  expect(await shown([await svid({ more: [unknownExtension(false)] })])).toMatchObject({ principal: { id } });
});

test.each<[string, (root: Certified) => Certifying]>([
  ['is no authority', (by) => ({ by, isAuthority: false, usage: keyCertSign })],
  ['may not sign certificates', (by) => ({ by, usage: cRLSign })],
  ['has ended', (by) => ({ by, notBeforeMs: startMs - 2 * dayMs, notAfterMs: startMs - dayMs })],
  ['insists on what nobody knows', (by) => ({ by, more: [unknownExtension(true)] })],
  // Permitted is the URI host other.org alone.
  [
    'may sign for another trust domain only',
    (by) => ({
      by,
      more: [extension('2.5.29.30', true, '300fa00d300b86096f746865722e6f7267')],
    }),
  ],
  ['is of a stranger', () => ({})],
])('WID-08: what stands between and %s leads nowhere', async (_what, ask) => {
  const between = await authority(startMs, { subject: 'CN=between', ...ask(root) });
  expect(await shown([await svid({ by: between }), between])).toEqual({ refused: 'x509.chain' });
});

test('WID-08: no more may stand between than the authorities above allow', async () => {
  const short = await authority(startMs, { pathLength: 0 });
  const trust = [domain('a.example', x509BundleOf(short))];
  const between = await authority(startMs, { subject: 'CN=between', by: short });
  expect(await shown([await svid({ by: between }), between], { trust })).toEqual({ refused: 'x509.chain' });
  expect(await shown([await svid({ by: short })], { trust })).toMatchObject({ principal: { id } });
  const first = await authority(startMs, { subject: 'CN=first', by: root, pathLength: 0 });
  const second = await authority(startMs, { subject: 'CN=second', by: first });
  expect(await shown([await svid({ by: second }), second, first])).toEqual({ refused: 'x509.chain' });
  expect(await shown([await svid({ by: first }), first])).toMatchObject({ principal: { id } });
});

test('WID-06: an authority of one trust domain proves nobody of another', async () => {
  expect(await shown([await svid({ by: other })])).toEqual({ refused: 'x509.chain' });
  expect(await shown([await svid({ by: other, uris: ['spiffe://b.example/agents/reports'] })])).toMatchObject(
    {
      principal: { issuer: 'b.example' },
    },
  );
});

test('a certificate that signed itself leads nowhere, and neither does one that brings its authority along', async () => {
  const own = await certify(startMs, { uris: [id] });
  expect(await shown([own])).toEqual({ refused: 'x509.chain' });
  const stranger = await authority(startMs);
  expect(await shown([await svid({ by: stranger }), stranger])).toEqual({ refused: 'x509.chain' });
});

test('an authority itself is nobody, even with a name', async () => {
  const named = await authority(startMs, { uris: [id], usage: digitalSignature | keyCertSign });
  const trust = [domain('a.example', x509BundleOf(named))];
  expect(await shown([named], { trust })).toEqual({ refused: 'x509.key_usage' });
});

test('a chain that is too long is not looked at', async () => {
  const leaf = await svid();
  expect(await shown([leaf, ...Array.from({ length: 8 }, () => root)])).toEqual({ refused: 'x509.chain' });
});

test('what is no certificate is refused', async () => {
  const leaf = await svid();
  const cut = { ...leaf, der: leaf.der.subarray(0, -20) };
  expect(await shown([cut])).toEqual({ refused: 'x509.malformed' });
  // Beside it nobody stands behind that.
  expect(await shown([leaf, cut])).toMatchObject({ principal: { id } });
});

test('what was believed is not believed past its end, or that of what stands between', async () => {
  const trusted = trusting({ trustDomains: domains() });
  const ending = { notAfterMs: startMs + 60_000 };
  const between = await authority(startMs, { subject: 'CN=between', by: root, ...ending });
  const chains = [[await svid(ending)], [await svid({ by: between }), between]];
  for (const chain of chains)
    expect(await trusted.ask(undefined, showing(...chain))).toMatchObject({
      principal: { id, proofExpiresAt: startMs + 60_000 },
    });
  trusted.advance(60.001);
  for (const chain of chains)
    expect(await trusted.ask(undefined, showing(...chain))).toEqual({ refused: 'x509.expired' });
});

test('where the sessions of an agent were ended, a certificate from before proves nothing', async () => {
  const endedAt = startMs - 5000;
  const trusted = trusting({ trustDomains: domains() }, undefined, () => endedAt);
  expect(await trusted.ask(undefined, showing(await svid()))).toEqual({ refused: 'session.ended' });
  const newer = await svid({ notBeforeMs: startMs - 4000 });
  expect(await trusted.ask(undefined, showing(newer))).toMatchObject({ principal: { id } });
});

test('requireSenderConstraint is met by a certificate: its key was proved', async () => {
  const trust = [domain('a.example', x509BundleOf(root), { requireSenderConstraint: 'bound' })];
  expect(await shown([await svid()], { trust })).toMatchObject({ principal: { id } });
});

test('a token counts where there is one, and a certificate makes up for no bad token', async () => {
  const trusted = trusting({ trustDomains: domains() });
  expect(await trusted.ask('a.b.c', showing(await svid()))).toEqual({ refused: 'token.malformed' });
});
