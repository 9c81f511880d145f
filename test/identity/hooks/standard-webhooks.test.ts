import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { proveStandardWebhook, publicKey, sharedKey } from '../../../src/identity/hooks/standard-webhooks.js';
import { Fault } from '../../../src/kernel/fault.js';
import { Secret } from '../../../src/kernel/secret.js';

// The vector of the Standard Webhooks libraries.
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const seconds = 1_614_265_330;
const body = '{"test": 2432232314}';
const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

interface Sent {
  id?: string;
  timestamp?: string;
  signature?: string;
  body?: string | Buffer;
  secrets?: readonly string[];
  nowSeconds?: number;
}

function prove(sent: Sent = {}) {
  const headers = {
    'webhook-id': 'id' in sent ? sent.id : id,
    'webhook-timestamp': 'timestamp' in sent ? sent.timestamp : String(seconds),
    'webhook-signature': 'signature' in sent ? sent.signature : signature,
  };
  return proveStandardWebhook(
    { headers, rawBody: Buffer.from(sent.body ?? body) },
    (sent.secrets ?? [secret]).map((one) => new Secret(one)),
    { toleranceSeconds: 300, now: (sent.nowSeconds ?? seconds) * 1000 + 999 },
  );
}

function reasonOf(sent: Sent): string | undefined {
  try {
    prove(sent);
  } catch (error) {
    if (error instanceof Fault && error.code === 'hook.unproven') return error.reason;
    throw error;
  }
  return undefined;
}

const hmac = (key: string, text: string) =>
  `v1,${createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
    .update(text)
    .digest('base64')}`;
const signed = `${id}.${seconds}.${body}`;
const otherSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

test('REV-03 the published vector is proven', () => {
  expect(prove()).toEqual({ deliveryId: id, signedAt: seconds * 1000 });
});

test('REV-03 one blank more in the body, and it is not', () => {
  expect(reasonOf({ body: `${body} ` })).toBe('no signature is of any of the secrets');
});

test('REV-03 five minutes either way are tolerated, and not a second more', () => {
  expect(reasonOf({ nowSeconds: seconds + 300 })).toBeUndefined();
  expect(reasonOf({ nowSeconds: seconds - 300 })).toBeUndefined();
  expect(reasonOf({ nowSeconds: seconds + 301 })).toBe('the timestamp lies too far in the past');
  expect(reasonOf({ nowSeconds: seconds - 301 })).toBe('the timestamp lies too far in the future');
});

test('why it is refused is one of a few sentences, whatever the sender wrote: refusals are counted by them', () => {
  const reasons = new Set<string | undefined>();
  for (let ago = 301; ago < 400; ago++)
    for (const nowSeconds of [seconds + ago, seconds - ago]) reasons.add(reasonOf({ nowSeconds }));
  expect(reasons.size).toBe(2);
});

test('REV-03 what the standardwebhooks package signs is proven', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.json(), (key, payload) => {
      const encoded = `whsec_${Buffer.from(key).toString('base64')}`;
      const byPackage = new Webhook(encoded).sign(id, new Date(seconds * 1000), payload);
      expect(prove({ secrets: [encoded], body: payload, signature: byPackage }).deliveryId).toBe(id);
    }),
    { numRuns: 50 },
  );
});

test('no single bit of the body, the id, the time or the signature can be changed', () => {
  fc.assert(
    fc.property(fc.nat(signed.length - 1), fc.nat(7), (at, bit) => {
      const changed = Buffer.from(signed);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      const text = changed.toString('latin1');
      const firstDot = text.indexOf('.');
      const secondDot = text.indexOf('.', firstDot + 1);
      const sent = {
        id: text.slice(0, firstDot),
        timestamp: text.slice(firstDot + 1, secondDot),
        body: changed.subarray(secondDot + 1),
        nowSeconds: Number(text.slice(firstDot + 1, secondDot)) || seconds,
      };
      // Moving where the id ends leaves the signed text as it is; then the id must be refused for its dot.
      expect(reasonOf(sent)).toBeDefined();
    }),
  );
  fc.assert(
    fc.property(fc.nat(31), fc.nat(7), (at, bit) => {
      const value = Buffer.from(signature.slice(3), 'base64');
      value[at] = (value[at] ?? 0) ^ (1 << bit);
      expect(reasonOf({ signature: `v1,${value.toString('base64')}` })).toBeDefined();
    }),
  );
});

test('any of several secrets will do, and any of several signatures', () => {
  expect(reasonOf({ secrets: [otherSecret, secret] })).toBeUndefined();
  expect(reasonOf({ signature: `${hmac(otherSecret, signed)} ${signature}` })).toBeUndefined();
  expect(reasonOf({ secrets: [otherSecret] })).toBeDefined();
  expect(reasonOf({ secrets: [] })).toBeDefined();
});

test('REV-03 an ed25519 signature is proven by the public key', () => {
  const { publicKey: pub, privateKey } = generateKeyPairSync('ed25519');
  const whpk = `whpk_${Buffer.from(pub.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')}`;
  const v1a = `v1a,${sign(null, Buffer.from(signed), privateKey).toString('base64')}`;
  expect(reasonOf({ secrets: [whpk], signature: v1a })).toBeUndefined();
  expect(reasonOf({ secrets: [otherSecret, whpk], signature: `v1,AAAA ${v1a}` })).toBeUndefined();
  expect(reasonOf({ secrets: [whpk], signature: v1a, body: `${body} ` })).toBeDefined();
  expect(reasonOf({ secrets: [whpk], signature })).toBeDefined();
  // A public key is no shared key: knowing it must not be enough to sign.
  const asShared = `v1,${createHmac('sha256', Buffer.from(whpk.slice(5), 'base64'))
    .update(signed)
    .digest('base64')}`;
  expect(reasonOf({ secrets: [whpk], signature: asShared })).toBeDefined();
});

test.each<[string, Sent]>([
  ['no id', { id: undefined as never }],
  ['an empty id', { id: '' }],
  ['an id with a dot', { id: 'msg.1' }],
  ['an id with a blank', { id: 'msg 1' }],
  ['no timestamp', { timestamp: undefined as never }],
  ['a timestamp that is a date', { timestamp: '2021-02-25T15:02:10Z' }],
  ['a timestamp with a fraction', { timestamp: `${seconds}.0` }],
  ['a negative timestamp', { timestamp: `-${seconds}` }],
  ['no signature', { signature: undefined as never }],
  ['an empty signature', { signature: '' }],
  ['half a signature', { signature: signature.slice(0, 20) }],
  ['a bare signature', { signature: signature.slice(3) }],
  ['a version that nobody knows', { signature: signature.replace('v1,', 'v2,') }],
  ['a comma where a blank belongs', { signature: `v1,AAAA,${signature}` }],
  ['a signature of another text', { signature: hmac(secret, `${id}.${seconds}.{}`) }],
  ['a signature of nothing', { signature: 'v1,' }],
  ['a crowd of signatures', { signature: `${'v1,AAAA '.repeat(16)}${signature}` }],
])('a delivery with %s is unproven', (_what, sent) => {
  expect(reasonOf(sent)).toBeDefined();
});

test('keys have the lengths of the standard', () => {
  const whsec = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
  expect([23, 24, 64, 65].map((bytes) => sharedKey(whsec(bytes)) !== undefined)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(sharedKey(Buffer.alloc(32).toString('base64'))).toBeUndefined();
  expect(sharedKey(`${whsec(24)}!`)).toBeUndefined();
  expect(publicKey(`whpk_${Buffer.alloc(31).toString('base64')}`)).toBeUndefined();
});
