import { expect, test } from '@jest/globals';
import { load, problemsOf, sound } from './settings-file.js';

const roleOf = (name: string) => `arn:aws:iam::111122223333:role/jit/${name}`;
const sessionPolicy = {
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::r/*' }],
};

interface Mint {
  readonly role?: string;
  readonly [name: string]: unknown;
}

/** Settings with these entries of AWS; `of` says which of two providers, whose prefixes differ. */
function settingsWith(entries: Readonly<Record<string, Mint & { of?: string }>>) {
  const catalog = Object.entries(entries).map(([name, { of: provider = 'aws', ...mint }]) => [
    name,
    { ...sound.catalog.reports, provider, mint: { role: roleOf('shared'), sessionPolicy, ...mint } },
  ]);
  const providers = {
    ...sound.providers,
    aws: { kind: 'aws-sts', region: 'eu-central-1' },
    twin: { kind: 'aws-sts', region: 'eu-west-1' },
    apart: { kind: 'aws-sts', region: 'eu-central-1', sessionPrefix: 'x' },
  };
  return { ...sound, providers, catalog: { ...sound.catalog, ...Object.fromEntries(catalog) } };
}

test('AWS 4.2: entries that are denied and entries that are not share no role, and all that do are told at once', () => {
  const settings = settingsWith({
    denied: { cutOff: ['deny'], roles: [roleOf('spare')] },
    whole: {},
    sliced: { cutOff: ['slices'], role: roleOf('spare') },
    elsewhere: { of: 'twin' },
    'of-another-prefix': { of: 'apart' },
    alone: { role: roleOf('alone') },
  });
  const beside = (role: string) => `"denied" on the same role ${roleOf(role)} is cut off by a deny`;
  expect(problemsOf(settings)).toEqual([
    expect.stringContaining(`catalog.whole.mint.cutOff: ${beside('shared')}`),
    expect.stringContaining(`catalog.sliced.mint.cutOff: ${beside('spare')}`),
    expect.stringContaining(`catalog.elsewhere.mint.cutOff: ${beside('shared')}`),
  ]);
});

test('AWS 4.7: on a role that others go on to, no session is opened with a source identity of its own', () => {
  const hop = roleOf('hop');
  const going = { cutOff: ['deny'], sourceIdentity: true, chainedRoles: [hop] };
  const settings = settingsWith({
    going,
    there: { role: hop, cutOff: ['deny'], sourceIdentity: true },
    nameless: { role: hop, cutOff: ['deny'] },
  });
  expect(problemsOf(settings)).toEqual([
    expect.stringContaining(`catalog.there.mint.role: "going" has ${hop} among its chainedRoles`),
  ]);
});

test('entries that are all denied share a role', () => {
  expect(
    load(settingsWith({ one: { cutOff: ['deny'] }, two: { cutOff: ['deny', 'slices'] } })),
  ).toBeDefined();
});

test('X509-SVIDs are taken by an API that speaks TLS itself, and by no other', () => {
  const domain = {
    name: 'prod.example.org',
    bundle: { url: 'https://spire.example.org/bundle' },
    x509Svids: {},
    rules: [{ path: '/agents/*', kind: 'agent' }],
  };
  const settings = { ...sound, trustDomains: [domain] };
  expect(problemsOf(settings)).toEqual(['trustDomains.0.x509Svids: needs listen.tls']);
  const tls = { certificateFile: '/etc/protem/tls/tls.crt', privateKeyFile: '/etc/protem/tls/tls.key' };
  expect(load({ ...settings, listen: { tls } }).trustDomains[0]!.x509Svids).toEqual({
    maximumLifetime: 86_400,
  });
});
