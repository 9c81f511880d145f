import { X509Certificate } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { readCertificate } from '../../../src/identity/x509/certificate.js';
import { pathTo } from '../../../src/identity/x509/path.js';
import { startMs } from '../trusting.js';
import { authority, certify, dayMs, extension } from './certifying.js';
import type { Certified, Certifying } from './certifying.js';

const id = 'spiffe://a.example/agents/reports';
const below = (by: Certified, ask: Certifying = {}) =>
  authority(startMs, { subject: 'CN=between', by, ...ask });
const leafBy = (by: Certified, ask: Certifying = {}) => certify(startMs, { by, uris: [id], ...ask });

let root: Certified;
beforeAll(async () => {
  root = await authority(startMs);
});

/** The whole of the path, by which of those that were given it is made of. */
function led(
  chain: readonly Certified[],
  authorities: readonly Certified[],
): readonly Certified[] | undefined {
  const all = [...chain, ...authorities];
  const [leaf, ...others] = chain.map(({ der }) => der);
  const known = authorities.map(({ der }) => readCertificate(der));
  const path = pathTo(readCertificate(leaf!), others, known, startMs);
  return path?.map(({ der }) => all.find((one) => one.der.equals(der))!);
}

test('a path begins with the certificate that was shown, and ends with an authority', async () => {
  const between = await below(root);
  const leaf = await leafBy(between);
  expect(led([leaf, between], [root])).toEqual([leaf, between, root]);
});

test('what stands twice beside it, or is good by itself, makes no path for a forged one', async () => {
  const between = await below(root);
  const [good, filler] = [await leafBy(between), await certify(startMs, {})];
  const forged = await certify(startMs, { uris: [id] });
  expect(led([forged, filler, forged, good], [root])).toBeUndefined();
  expect(led([forged, forged, good, between], [root])).toBeUndefined();
  expect(led([forged, good, between, root], [root])).toBeUndefined();
  expect(led([good, good, between, between], [root])).toEqual([good, between, root]);
});

test('authorities that have signed each other lead round and round, and come to an end', async () => {
  const first = await authority(startMs, { subject: 'CN=first' });
  const second = await authority(startMs, { subject: 'CN=second', by: first });
  const back = await authority(startMs, { subject: 'CN=first', by: second, keys: first.keys });
  expect(led([await leafBy(back), back, second], [root])).toBeUndefined();
  const many = await Promise.all(
    Array.from({ length: 3 }, () =>
      authority(startMs, { subject: 'CN=first', by: second, keys: first.keys }),
    ),
  );
  const more = await Promise.all(
    Array.from({ length: 3 }, () =>
      authority(startMs, { subject: 'CN=second', by: first, keys: second.keys }),
    ),
  );
  expect(led([await leafBy(back), ...many, ...more], [root])).toBeUndefined();
});

test('where an authority is renewed, each way across leads to the one that is known', async () => {
  const newer = await authority(startMs, { subject: 'CN=newer' });
  const newByOld = await authority(startMs, { subject: 'CN=newer', by: root, keys: newer.keys });
  const oldByNew = await authority(startMs, { subject: 'CN=authority', by: newer, keys: root.keys });
  const leaf = await leafBy(newer);
  expect(led([leaf, newByOld, oldByNew], [root])).toEqual([leaf, newByOld, root]);
  expect(led([leaf, newByOld, oldByNew], [newer, root])).toEqual([leaf, newer]);
  expect(led([leaf, newByOld, oldByNew], [root, newer])).toEqual([leaf, newByOld, root]);
});

test('a twin that leads nowhere stands in the way of none that does', async () => {
  const stranger = await authority(startMs, { subject: 'CN=stranger' });
  const between = await below(root);
  const twins = {
    'of a stranger': await below(stranger, { keys: between.keys }),
    'over since': await below(root, {
      keys: between.keys,
      notBeforeMs: startMs - 2 * dayMs,
      notAfterMs: startMs - 1,
    }),
  };
  const leaf = await leafBy(between);
  for (const twin of Object.values(twins)) {
    expect(led([leaf, twin, between], [root])).toEqual([leaf, between, root]);
    expect(led([leaf, twin], [root])).toBeUndefined();
  }
});

test('an authority that has ended stands in no way of its own renewal', async () => {
  const ended = await authority(startMs, {
    keys: root.keys,
    notBeforeMs: startMs - 2 * dayMs,
    notAfterMs: startMs - 1,
  });
  const leaf = await leafBy(root);
  expect(led([leaf], [ended])).toBeUndefined();
  expect(led([leaf], [ended, root])).toEqual([leaf, root]);
});

/** Of the kind of names (6: URI, 2: DNS); permitted are those at this host. */
const permitted = (host: string, kind = 0x86) => {
  const base = Buffer.concat([Buffer.from([kind, host.length]), Buffer.from(host)]);
  const within = (tag: number, inner: Buffer) => Buffer.concat([Buffer.from([tag, inner.length]), inner]);
  return extension('2.5.29.30', true, within(0x30, within(0xa0, within(0x30, base))).toString('hex'));
};

test.each([
  ['a.example', true],
  ['A.Example', true],
  ['other.example', false],
  ['example', false],
  ['.example', true],
  ['.a.example', false],
])('names are held to what an authority may sign for: %s', async (host, isGood) => {
  const held = await authority(startMs, { more: [permitted(host)] });
  expect(led([await leafBy(held, { subject: '' })], [held]) !== undefined).toBe(isGood);
  const between = await below(root, { subject: 'CN=between', more: [permitted(host)] });
  expect(led([await leafBy(between), between], [root]) !== undefined).toBe(isGood);
});

test('what one may not name, nobody below it may name for it', async () => {
  const narrow = await below(root, { subject: 'CN=narrow', more: [permitted('other.org')] });
  const wider = await below(narrow, { subject: 'CN=wider', more: [permitted('a.example')] });
  expect(led([await leafBy(wider), wider, narrow], [root])).toBeUndefined();
});

test.each<[string, Certifying, boolean]>([
  ['no name of that kind', { subject: '' }, true],
  ['a subject alone, which is of another', {}, true],
  ['one of that kind', { subject: '', dnsNames: ['a.example'] }, false],
])(
  'where names of a kind are held that nobody here can tell apart, there may be none of that kind: %s',
  async (_what, ask, isGood) => {
    const held = await below(root, { subject: 'CN=held', more: [permitted('a.example', 0x82)] });
    expect(led([await leafBy(held, ask), held], [root]) !== undefined).toBe(isGood);
  },
);

test.each(['', 'a.example:443', 'spiffe://a.example', 'a.example.', '.'])(
  'a constraint that is no host is not understood: "%s"',
  async (base) => {
    const held = await below(root, { subject: 'CN=held', more: [permitted(base)] });
    expect(() => readCertificate(held.der)).toThrow('not understood');
    expect(led([await leafBy(held), held], [root])).toBeUndefined();
  },
);

test('however many authorities a bundle has, the right one is found', async () => {
  const between = await below(root);
  const leaf = await leafBy(between);
  const stranger = await authority(startMs, { subject: 'CN=stranger' });
  const many = Array.from({ length: 500 }, () => stranger);
  expect(led([leaf, between], [...many, root])).toEqual([leaf, between, root]);
});

test('nothing that is shown costs anything before an authority stands behind it', async () => {
  const signed: string[] = [];
  const stranger = await authority(startMs, { subject: 'CN=stranger' });
  const many = await Promise.all(
    Array.from({ length: 7 }, () =>
      authority(startMs, { subject: 'CN=stranger', by: stranger, keys: stranger.keys }),
    ),
  );
  const { verify } = X509Certificate.prototype;
  X509Certificate.prototype.verify = function (this: X509Certificate, key) {
    signed.push(this.subject);
    return verify.call(this, key);
  };
  try {
    expect(led([await leafBy(stranger), ...many], [root])).toBeUndefined();
  } finally {
    X509Certificate.prototype.verify = verify;
  }
  expect(signed).toEqual([]);
});

test('certificates of one authority that have all signed each other lead to an end in a while', async () => {
  const between = await below(root, { subject: 'CN=clique' });
  const clique = await Promise.all(
    Array.from({ length: 7 }, () =>
      authority(startMs, { subject: 'CN=clique', by: between, keys: between.keys }),
    ),
  );
  const stranger = await authority(startMs, { subject: 'CN=clique' });
  expect(led([await leafBy(stranger), between, ...clique], [root])).toBeUndefined();
});

test.each([
  ['clients', ['1.3.6.1.5.5.7.3.2'], true],
  ['anything', ['2.5.29.37.0'], true],
  ['servers and code', ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.3'], false],
])(
  'what stands between, and says that it is for %s, may stand there or not',
  async (_what, purposes, isGood) => {
    const between = await below(root, { purposes });
    expect(led([await leafBy(between), between], [root]) !== undefined).toBe(isGood);
  },
);

test('one that has issued itself anew does not count among those between', async () => {
  const short = await authority(startMs, { pathLength: 0 });
  const again = await authority(startMs, { by: short, pathLength: 0 });
  const between = await below(short);
  const leaf = await leafBy(again);
  expect(led([leaf, again], [short])).toEqual([leaf, again, short]);
  expect(led([await leafBy(between), between], [short])).toBeUndefined();
});

test('nothing weak stands in a path: not the key of who has signed, not the way it was signed', async () => {
  const weak = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  };
  const between = await below(root, { algorithm: weak });
  expect(readCertificate(between.der).isStrong).toBe(false);
  expect(led([await leafBy(between), between], [root])).toBeUndefined();
  const bySha1 = await authority(startMs, { algorithm: { ...weak, modulusLength: 2048, hash: 'SHA-1' } });
  expect(readCertificate(bySha1.der).isStrong).toBe(false);
});
