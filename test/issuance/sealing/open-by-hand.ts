import {
  constants,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  privateDecrypt,
} from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

interface Header {
  readonly alg: string;
  readonly enc: string;
  readonly kid: string;
  readonly cty: string;
  readonly epk?: JsonWebKey;
}

const bytes = (text: string) => Buffer.from(text, 'base64url');
const prefixed = (data: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, data]);
};

/** Opens a compact JWE with node:crypto alone (RFC 7516 section 5.2, RFC 7518 sections 4.3 and 4.6.2). */
export function openByHand(jwe: string, privateKey: KeyObject): { header: Header; plaintext: unknown } {
  const [head = '', wrapped = '', iv = '', ciphertext = '', tag = ''] = jwe.split('.');
  const header = JSON.parse(bytes(head).toString()) as Header;
  const contentKey =
    header.alg === 'RSA-OAEP-256'
      ? privateDecrypt(
          { key: privateKey, oaepHash: 'sha256', padding: constants.RSA_PKCS1_OAEP_PADDING },
          bytes(wrapped),
        )
      : unwrapped(bytes(wrapped), agreedKey(header, privateKey));
  const decipher = createDecipheriv('aes-256-gcm', contentKey, bytes(iv));
  decipher.setAAD(Buffer.from(head)).setAuthTag(bytes(tag));
  const plaintext = Buffer.concat([decipher.update(bytes(ciphertext)), decipher.final()]);
  return { header, plaintext: JSON.parse(plaintext.toString()) as unknown };
}

function agreedKey({ epk, alg }: Header, privateKey: KeyObject): Buffer {
  const publicKey = createPublicKey({ key: epk!, format: 'jwk' });
  const shared = diffieHellman({ privateKey, publicKey });
  const info = [
    prefixed(Buffer.from(alg)),
    prefixed(Buffer.alloc(0)),
    prefixed(Buffer.alloc(0)),
    Buffer.from([0, 0, 1, 0]),
  ];
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from([0, 0, 0, 1]), shared, ...info]))
    .digest();
}

function unwrapped(wrapped: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('id-aes256-wrap', key, Buffer.from('a6a6a6a6a6a6a6a6', 'hex'));
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}
