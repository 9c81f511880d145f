import { expect, test } from '@jest/globals';
import { watchEmptiedKeys } from '../../src/identity/emptied-keys.js';
import { identitySettings } from '../../src/identity/identity-settings.js';
import type { FetchKeys } from '../../src/identity/key-fetch.js';
import { fixedClock } from '../fake/fixed-clock.js';
import { bundleOf, makeSigner } from './signer.js';
import { authority, x509BundleOf } from './x509/certifying.js';

test('WID-07: a trust domain whose bundle has become empty is told once; who cannot be read is not', async () => {
  const clock = fixedClock(1_893_456_000_000);
  let answer: unknown = bundleOf(makeSigner('ES256', 'one'));
  const fetch: FetchKeys = async () => {
    if (answer === undefined) throw new Error('away');
    const body = (async function* () {
      yield Buffer.from(JSON.stringify(answer));
    })();
    return { status: 200, headers: { get: () => null }, body };
  };
  const url = 'https://bundles.example/one';
  const rules = [{ path: '/agent/*', kind: 'agent' }];
  const settings = identitySettings.parse({
    audience: 'https://broker.example',
    trustDomains: [{ name: 'one.example', bundle: { url }, rules, refresh: '10s' }],
  });
  const watch = watchEmptiedKeys(settings, { clock, fetch });
  const after = async (next: unknown) => {
    answer = next;
    clock.set(clock() + 20_000);
    return watch.look();
  };
  expect(await watch.look()).toEqual([]);
  expect(await after(undefined)).toEqual([]);
  clock.set(clock() + 60_000);
  expect(await after({ keys: [] })).toEqual(['one.example']);
  expect(await after({ keys: [] })).toEqual([]);
  expect(await after(bundleOf(makeSigner('ES256', 'two')))).toEqual([]);
  expect(await after({ keys: [] })).toEqual(['one.example']);
});

test.each([
  [{ x509Svids: {} }, []],
  [{}, ['one.example']],
])(
  'a bundle of nothing but authorities of certificates is empty only where none are taken: %j',
  async (taken, told) => {
    const now = 1_893_456_000_000;
    const inline = x509BundleOf(await authority(now));
    const rules = [{ path: '/agent/*', kind: 'agent' }];
    const settings = identitySettings.parse({
      audience: 'https://broker.example',
      trustDomains: [{ name: 'one.example', bundle: { inline }, rules, ...taken }],
    });
    const fetch = () => Promise.reject(new Error('nothing is fetched'));
    expect(await watchEmptiedKeys(settings, { clock: fixedClock(now), fetch }).look()).toEqual(told);
  },
);
