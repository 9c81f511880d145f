import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { readAuthorities } from '../../../src/identity/x509/authorities.js';
import { isStrongKey, readCertificate } from '../../../src/identity/x509/certificate.js';
import { startMs } from '../trusting.js';
import { authority, certify, extension, x509BundleOf } from './certifying.js';
import type { Certified, Certifying } from './certifying.js';

const basicConstraints = '2.5.29.19';
const keyUsage = '2.5.29.15';
const names = '2.5.29.17';
const uris = ['spiffe://a.example/agents/reports'];

let root: Certified;
beforeAll(async () => {
  root = await authority(startMs);
});
const certified = (ask: Certifying) => certify(startMs, { by: root, uris, ...ask });

test('the certificate of a workload is read whole', async () => {
  const { der, certificate } = await certified({});
  expect(readCertificate(der)).toMatchObject({
    uris,
    isAuthority: false,
    isStrong: true,
    insistsOnUnknown: false,
    serialNumber: certificate.serialNumber,
    notBefore: startMs - 10_000,
    notAfter: startMs + 3_600_000,
  });
});

test.each<[string, string, string]>([
  ['names that are a time', names, '18024142'],
  ['names with something behind them', names, '30058203612e620500'],
  ['constraints that are nothing', basicConstraints, '0500'],
  ['constraints that are a number', basicConstraints, '020105'],
  ['constraints with something behind them', basicConstraints, '30030101ff0500'],
  ['constraints with something in them', basicConstraints, '30060101ff020105'.replace('020105', '0c0141')],
  ['a usage that is a number', keyUsage, '020180'],
  ['a usage that is a string', keyUsage, '04020780'],
  ['a usage with something behind it', keyUsage, '0302078000'],
  ['a usage that is empty', keyUsage, ''],
])('what is spelled otherwise than it should be is no certificate: %s', async (_what, id, value) => {
  const { der } = await certified({ instead: [extension(id, true, value)] });
  expect(() => readCertificate(der)).toThrow();
});

test('an extension that stands twice, and bytes behind the end, are no certificate', async () => {
  const twice = await certified({
    more: [extension('1.3.6.1.4.1.99999.1', false, '0500'), extension('1.3.6.1.4.1.99999.1', false, '0500')],
  });
  expect(() => readCertificate(twice.der)).toThrow('twice');
  const { der, pem } = await certified({});
  expect(() => readCertificate(Buffer.concat([der, Buffer.from([0])]))).toThrow();
  expect(() => readCertificate(Buffer.from(pem))).toThrow();
});

test('an authority that says in so many words that it is none is read as it is meant', async () => {
  const { der } = await certified({ instead: [extension(basicConstraints, true, '30030101' + '00')] });
  expect(readCertificate(der)).toMatchObject({ isAuthority: false, pathLength: undefined });
});

test('more names than anybody has are no certificate', async () => {
  const many = Array.from({ length: 65 }, (_, n) => `spiffe://a.example/${n}`);
  const { der } = await certified({ uris: many });
  expect(() => readCertificate(der)).toThrow('more names');
  const empty = await certified({ instead: [extension(names, false, `308203e8${'8600'.repeat(500)}`)] });
  expect(() => readCertificate(empty.der)).toThrow('more names');
});

test('every one of its bytes that is changed is noticed, by whoever reads it or by the signature', async () => {
  const { der } = await certified({});
  const by = readCertificate(root.der);
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der);
    changed[at]! ^= 0x01;
    let isSigned = false;
    try {
      isSigned = readCertificate(changed).x509.verify(by.x509.publicKey);
    } catch {
      // It was noticed when it was read.
    }
    expect([at, isSigned]).toEqual([at, false]);
  }
});

test('keys are strong that tokens may be signed with, and no others', () => {
  const strength = (type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448', options: object = {}) =>
    isStrongKey(generateKeyPairSync(type as 'rsa', options as { modulusLength: number }).publicKey);
  expect([
    strength('rsa', { modulusLength: 2048 }),
    ...['P-256', 'P-384', 'P-521'].map((namedCurve) => strength('ec', { namedCurve })),
    strength('ed25519'),
  ]).toEqual([true, true, true, true, true]);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  expect([
    strength('rsa', { modulusLength: 1024 }),
    isStrongKey(createPublicKey({ key: { ...rsa, e: 'AQAAAAE' }, format: 'jwk' })),
    strength('rsa-pss', { modulusLength: 2048 }),
    ...['secp256k1', 'P-224'].map((namedCurve) => strength('ec', { namedCurve })),
    strength('ed448'),
  ]).toEqual([false, false, false, false, false, false]);
});

test('of a bundle those count that are authorities for certificates; what is none shuts nobody out', async () => {
  const leaf = await certified({});
  const odd = await authority(startMs, { instead: [extension(keyUsage, true, '020180')] });
  const { keys } = x509BundleOf(root, leaf, odd);
  const [own] = keys;
  const pem = { ...own, x5c: [Buffer.from(root.pem).toString('base64')] };
  const more = [
    pem,
    { ...own, use: 'jwt-svid' },
    { ...own, x5c: [] },
    { ...own, x5c: ['AAAA'] },
    null,
    'text',
  ];
  expect(readAuthorities([...more, ...keys]).map(({ der }) => Buffer.from(der))).toEqual([root.der]);
});
