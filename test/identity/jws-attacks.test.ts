import { constants, createHash, createPublicKey, privateEncrypt, publicDecrypt, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSignedBy, readJws } from '../../src/identity/jws.js';
import { readKeySet } from '../../src/identity/key-set.js';
import { Fault } from '../../src/kernel/fault.js';
import { hmacJws, jwksOf, makeSigner, rawSignature, signJws, unsignedJws, type Signer } from './signer.js';
import { broker, startSeconds, trusting } from './trusting.js';

const issuer = 'https://issuer.example';
const claims = { iss: issuer, sub: 'joe', aud: broker, iat: startSeconds, exp: startSeconds + 60 };
const signers = Object.fromEntries(
  ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'].map((alg) => [alg, makeSigner(alg, alg)]),
) as Record<string, Signer>;
const [es256, rs256, ps256] = [signers['ES256']!, signers['RS256']!, signers['PS256']!];

const trust = trusting({
  issuers: [
    {
      issuer,
      keys: { inline: jwksOf(...Object.values(signers)) },
      algorithms: Object.keys(signers),
      rules: [{ where: { sub: 'joe' }, kind: 'agent', id: 'joe' }],
    },
  ],
});
const ask = async (token: string) => {
  const answer = await trust.ask(token);
  return 'refused' in answer ? answer.refused : answer.principal.id;
};

const inputOf = (signer: Signer, header: Record<string, unknown> = {}) =>
  signJws(signer, claims, header).split('.').slice(0, 2).join('.');
const withSignature = (signer: Signer, signature: Uint8Array) =>
  `${inputOf(signer)}.${Buffer.from(signature).toString('base64url')}`;

test.each(Object.values(signers))('$alg: the token as it was signed is accepted', async (signer) => {
  expect(await ask(signJws(signer, claims))).toBe('joe');
});

// RFC 7515 appendix A.3, to judge the other side by something that was not made here.
test('the ES256 example of RFC 7515 verifies, and does not with another payload', async () => {
  const key = {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  };
  const [head, body, signature] = [
    'eyJhbGciOiJFUzI1NiJ9',
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
    'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  ];

  const keySet = readKeySet({ keys: [key] }, 'sig');
  expect(await isSignedBy(readJws(`${head}.${body}.${signature}`), keySet)).toBe(true);
  expect(await isSignedBy(readJws(`${head}.${head}.${signature}`), keySet)).toBe(false);
});

describe('WID-16: the shape is strict', () => {
  const token = signJws(es256, claims);
  const [head = '', body = '', signature = ''] = token.split('.');
  test.each([
    ['an empty string', '', 'token.missing'],
    ['no signature', `${head}.${body}.`, 'token.malformed'],
    ['no signature and no dot', `${head}.${body}`, 'token.malformed'],
    ['no payload', `${head}..${signature}`, 'token.malformed'],
    ['no header', `.${body}.${signature}`, 'token.malformed'],
    ['one part more', `${token}.${signature}`, 'token.malformed'],
    ['an empty part more', `${token}.`, 'token.malformed'],
    [
      'a blank in the signature',
      `${head}.${body}.${signature.slice(0, 9)} ${signature.slice(9)}`,
      'token.malformed',
    ],
    ['a newline at the end', `${token}\n`, 'token.malformed'],
    ['a blank before it', ` ${token}`, 'token.malformed'],
    ['padding', `${head}.${body}.${signature}==`, 'token.malformed'],
    ['characters of plain base64', `${head}.${body}.${signature.slice(0, -1)}+`, 'token.malformed'],
    ['JSON serialization', JSON.stringify({ payload: body, protected: head, signature }), 'token.malformed'],
    ['a header that is no JSON', `AAAA.${body}.${signature}`, 'token.malformed'],
    ['a header that is a list', unsignedJws(claims, [] as never, signature), 'token.malformed'],
    ['a payload that is a list', signJws(es256, []), 'token.malformed'],
    ['a payload that is no JSON', signJws(es256, 'joe'), 'token.malformed'],
    [
      'a payload that is not UTF-8',
      `${head}.${Buffer.from('{"sub":"\xff"}', 'latin1').toString('base64url')}.${signature}`,
      'token.malformed',
    ],
    ['a length beyond the limit', `${head}.${'A'.repeat(20_000)}.${signature}`, 'token.too_long'],
  ])('%s is refused', async (_, malformed, reason) => {
    expect(await ask(malformed)).toBe(reason);
  });

  test('the last character with its unused bits set is another spelling, and is refused', async () => {
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const respelled = `${token.slice(0, -1)}${last[last.indexOf(token.slice(-1)) + 1]}`;
    expect(Buffer.from(respelled.split('.')[2]!, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
    expect(await ask(respelled)).toBe('token.malformed');
  });

  test('no text at all gets anything but a fault out of it', () => {
    const segment = fc.oneof(fc.base64String(), fc.string(), fc.constantFrom(head, body, signature));
    const text = fc.oneof(
      fc.string(),
      fc.array(segment, { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(text, (any) => {
        try {
          readJws(any);
        } catch (cause) {
          expect(cause).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('WID-16: nothing but the key makes a signature', () => {
  test('any change of one character is refused', async () => {
    const token = signJws(es256, claims);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom('A', 'B', 'z', '0', '-'), async (at, by) => {
        fc.pre(token[at] !== by && token[at] !== '.');
        expect(await ask(token.slice(0, at) + by + token.slice(at + 1))).not.toBe('joe');
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'HS256',
    'HS384',
    'HS512',
    'RS1',
    'constructor',
    '__proto__',
  ])('algorithm %p is refused before any key is looked at', async (alg) => {
    expect(await ask(unsignedJws(claims, { alg, kid: 'ES256' }, 'AAAA'))).toBe('oidc.algorithm');
  });

  test('a public key taken for a shared secret is refused', async () => {
    const pem = createPublicKey(rs256.privateKey).export({ type: 'spki', format: 'pem' }).toString();
    expect(await ask(hmacJws(pem, claims, { alg: 'HS256', kid: 'RS256' }))).toBe('oidc.algorithm');
  });

  test.each(['jwk', 'jku', 'x5u', 'x5c'])('a key brought along in %s is refused', async (name) => {
    const attacker = makeSigner('ES256', 'ES256');
    expect(await ask(signJws(attacker, claims, { [name]: attacker.publicJwk }))).toBe('oidc.header');
    expect(trust.requested).toEqual([]);
  });

  test('crit and unencoded payloads are refused', async () => {
    expect(await ask(signJws(es256, claims, { crit: ['b64'], b64: false }))).toBe('oidc.header');
  });

  test.each([
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['ES256', 'ES384'],
    ['ES256', 'RS256'],
    ['EdDSA', 'ES256'],
  ])('a signature of a %s key under the header %s is refused', async (made, said) => {
    const signer = signers[made]!;
    expect(await ask(signJws(signer, claims, { alg: said }))).not.toBe('joe');
    expect(await ask(signJws(signer, claims, { kid: said }))).not.toBe('joe');
  });

  test('a header that names another hash than the signature is refused', async () => {
    const input = inputOf(rs256);
    const signature = rawSignature(rs256, input, 'RS512');
    expect(await ask(`${input}.${signature.toString('base64url')}`)).toBe('oidc.signature');
  });
});

describe('WID-16: ECDSA values at the edge are refused', () => {
  const n = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const bytes = (value: bigint, length = 32) =>
    Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
  const edges = { zero: 0n, one: 1n, 'n-1': n - 1n, n, 'n+1': n + 1n, max: 2n ** 256n - 1n };
  const pairs = Object.entries(edges).flatMap(([rName, r]) =>
    Object.entries(edges).map(([sName, s]) => [rName, sName, r, s] as const),
  );
  test.each(pairs)('r is %s and s is %s', async (_r, _s, r, s) => {
    expect(await ask(withSignature(es256, Buffer.concat([bytes(r), bytes(s)])))).toBe('oidc.signature');
  });

  test.each([
    ['too long', (made: Buffer) => Buffer.concat([made, Buffer.alloc(1)])],
    [
      'with zeros around it',
      (made: Buffer) =>
        Buffer.concat([Buffer.alloc(1), made.subarray(0, 32), Buffer.alloc(1), made.subarray(32)]),
    ],
    ['too short', (made: Buffer) => made.subarray(0, 63)],
    [
      'with r grown by n',
      (made: Buffer) =>
        Buffer.concat([bytes(BigInt(`0x${made.toString('hex', 0, 32)}`) + n, 33), made.subarray(32)]),
    ],
  ])('a signature that is %s', async (_, change) => {
    expect(await ask(withSignature(es256, change(rawSignature(es256, inputOf(es256)))))).toBe(
      'oidc.signature',
    );
  });

  test('a signature in DER', async () => {
    const der = sign('sha256', Buffer.from(inputOf(es256)), es256.privateKey);
    expect(await ask(withSignature(es256, der))).toBe('oidc.signature');
  });
});

describe('WID-16: RSA paddings that are almost right are refused', () => {
  const digest = createHash('sha256').update(inputOf(rs256)).digest();
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  /** The private operation on a block of any content. */
  const forge = (...parts: readonly (Buffer | string)[]) => {
    const tail = Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
    );
    return privateEncrypt({ key: rs256.privateKey, padding: constants.RSA_NO_PADDING }, tail);
  };
  const filler = (length: number) => Buffer.alloc(length, 0xff);

  test('the block built by hand is the right one', async () => {
    expect(await ask(withSignature(rs256, forge('0001', filler(202), '00', info, digest)))).toBe('joe');
  });

  test.each([
    [
      'short filler with the rest behind',
      () => forge('0001', filler(8), '00', info, digest, Buffer.alloc(194)),
    ],
    ['block type 2', () => forge('0002', filler(202), '00', info, digest)],
    ['a byte of filler changed', () => forge('0001', filler(201), 'fe', '00', info, digest)],
    ['no zero before the digest info', () => forge('0001', filler(203), info, digest)],
    [
      'the digest info of SHA-1',
      () => forge('0001', filler(202), '00', '3031300d060960864801650304020105000414', digest),
    ],
    [
      'no NULL in the digest info',
      () => forge('0001', filler(204), '00', '302f300b0609608648016503040201', '0420', digest),
    ],
    [
      'a long-form length',
      () => forge('0001', filler(201), '00', '308131300d060960864801650304020105000420', digest),
    ],
    ['no digest info', () => forge('0001', filler(221), '00', digest)],
    [
      'the digest changed',
      () => forge('0001', filler(202), '00', info, createHash('sha256').update('x').digest()),
    ],
    ['a byte behind the digest', () => forge('0001', filler(201), '00', info, digest, '00')],
  ])('PKCS #1 v1.5 with %s', async (_, signature) => {
    expect(await ask(withSignature(rs256, signature()))).toBe('oidc.signature');
  });

  test.each([0, 20, 31, 33, 64])('PSS with a salt of %d bytes', async (saltLength) => {
    const input = inputOf(ps256);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign('sha256', Buffer.from(input), { key: ps256.privateKey, padding, saltLength });
    expect(await ask(withSignature(ps256, signature))).toBe('oidc.signature');
  });

  test.each([0, 5, 100, 200, 222, 223, 254, 255])('PSS with byte %d of the block changed', async (at) => {
    const padding = constants.RSA_NO_PADDING;
    const good = rawSignature(ps256, inputOf(ps256));
    const block = publicDecrypt({ key: createPublicKey(ps256.privateKey), padding }, good);
    expect(await ask(withSignature(ps256, privateEncrypt({ key: ps256.privateKey, padding }, block)))).toBe(
      'joe',
    );
    block[at] = block[at]! ^ 1;
    expect(await ask(withSignature(ps256, privateEncrypt({ key: ps256.privateKey, padding }, block)))).toBe(
      'oidc.signature',
    );
  });
});
