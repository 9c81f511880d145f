import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { startMs, trusting } from '../trusting.js';
import { authority, certify, dayMs, x509BundleOf } from './certifying.js';
import type { Certified, Certifying } from './certifying.js';
import { domain, id, showing } from './showing.js';

let root: Certified;
let other: Certified;

beforeAll(async () => {
  root = await authority(startMs);
  other = await authority(startMs);
});

const svid = (ask: Certifying = {}) => certify(startMs, { by: root, uris: [id], ...ask });
const shown = (chain: readonly Certified[], { trust }: { trust: readonly object[] }) =>
  trusting({ trustDomains: trust }).ask(undefined, showing(...chain));

test('a trust domain that says nothing of X509-SVIDs takes none, whatever its bundle holds', async () => {
  const { x509Svids: _none, ...without } = domain('a.example', x509BundleOf(root));
  expect(await shown([await svid()], { trust: [without] })).toEqual({ refused: 'x509.trust_domain' });
});

test('the settings say how long a certificate may last', async () => {
  const week = await svid({ notAfterMs: startMs + 7 * dayMs });
  const longer = [domain('a.example', x509BundleOf(root), { x509Svids: { maximumLifetime: '192h' } })];
  expect(await shown([week], { trust: [domain('a.example', x509BundleOf(root))] })).toEqual({
    refused: 'x509.lifetime',
  });
  expect(await shown([week], { trust: longer })).toMatchObject({ principal: { id } });
});

test('a workload that is denied is refused', async () => {
  const trust = [domain('a.example', x509BundleOf(root), { deny: [id] })];
  expect(await shown([await svid()], { trust })).toEqual({ refused: 'x509.denied' });
});

test('WID-07: a bundle without its authority takes back every certificate at the next reading', async () => {
  let bundle: unknown = x509BundleOf(root);
  const trusted = trusting(
    { trustDomains: [{ ...domain('a.example', {}), bundle: { url: 'https://a.example/bundle' } }] },
    () =>
      Promise.resolve({
        status: 200,
        headers: new Headers(),
        body: new Blob([JSON.stringify(bundle)]).stream() as unknown as AsyncIterable<Uint8Array>,
      }),
  );
  const leaf = await svid();
  expect(await trusted.ask(undefined, showing(leaf))).toMatchObject({ principal: { id } });
  bundle = { keys: [] };
  trusted.advance(301);
  expect(await trusted.ask(undefined, showing(leaf))).toEqual({ refused: 'x509.chain' });
  bundle = x509BundleOf(other, root);
  trusted.advance(301);
  expect(await trusted.ask(undefined, showing(leaf))).toMatchObject({ principal: { id } });
});

test('where there is no bundle, a file of PEM says which authorities count, and which do by now', async () => {
  const authoritiesFile = join(mkdtempSync(join(tmpdir(), 'protem-authorities-')), 'ca.pem');
  const trusted = trusting({
    trustDomains: [{ ...domain('a.example', {}), bundle: { authoritiesFile } }],
  });
  const leaf = await svid();
  const shownLater = () => {
    trusted.advance(60);
    return trusted.ask(undefined, showing(leaf));
  };
  expect(await shownLater()).toEqual({ refused: 'keys.unreachable' });
  writeFileSync(authoritiesFile, `# of the mesh\n${other.pem}${root.pem}`);
  expect(await shownLater()).toMatchObject({ principal: { id } });
  // It is being written.
  writeFileSync(authoritiesFile, '');
  expect(await shownLater()).toMatchObject({ principal: { id } });
  writeFileSync(authoritiesFile, other.pem);
  expect(await shownLater()).toEqual({ refused: 'x509.chain' });
});

test('a file of authorities is of no use to a trust domain that takes no certificates', () => {
  const { x509Svids: _none, ...without } = domain('a.example', {});
  const bundle = { authoritiesFile: '/etc/mesh/ca.pem' };
  expect(() => trusting({ trustDomains: [{ ...without, bundle }] })).toThrow(
    'proves nobody without x509Svids',
  );
});

test('a connection that was refused is not looked at again for a while, whatever it asks', async () => {
  const authoritiesFile = join(mkdtempSync(join(tmpdir(), 'protem-authorities-')), 'ca.pem');
  writeFileSync(authoritiesFile, other.pem);
  const trusted = trusting({
    trustDomains: [{ ...domain('a.example', {}), bundle: { authoritiesFile }, refresh: '10s' }],
  });
  const connection = showing(await svid());
  expect(await trusted.ask(undefined, connection)).toEqual({ refused: 'x509.chain' });
  trusted.advance(60);
  expect(await trusted.ask(undefined, connection)).toEqual({ refused: 'x509.chain' });
  writeFileSync(authoritiesFile, root.pem);
  trusted.advance(4.9);
  expect(await trusted.ask(undefined, connection)).toEqual({ refused: 'x509.chain' });
  trusted.advance(60);
  expect(await trusted.ask(undefined, connection)).toMatchObject({ principal: { id } });
});

test('requests of one connection that come at once are looked at once', async () => {
  let read = 0;
  const fetch = () => {
    read += 1;
    const body = new Blob([JSON.stringify(x509BundleOf(root))]).stream();
    return Promise.resolve({
      status: 200,
      headers: new Headers(),
      body: body as unknown as AsyncIterable<Uint8Array>,
    });
  };
  const bundle = { url: 'https://a.example/bundle' };
  const trusted = trusting({ trustDomains: [{ ...domain('a.example', {}), bundle }] }, fetch);
  const stranger = showing(await svid({ by: other }));
  const answers = await Promise.all(Array.from({ length: 100 }, () => trusted.ask(undefined, stranger)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
    new Set(['{"refused":"x509.chain"}']),
  );
  // Once because there was none, and once for a newer one.
  expect(read).toBe(2);
  const good = showing(await svid());
  const believed = await Promise.all(Array.from({ length: 100 }, () => trusted.ask(undefined, good)));
  expect(
    new Set(believed.map((answer) => ('principal' in answer ? answer.principal : answer))),
  ).toHaveProperty('size', 1);
});
