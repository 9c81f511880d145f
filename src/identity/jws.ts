import { compactVerify, errors } from 'jose';
import type { KeySet } from './key-set.js';
import { unproven } from './refusal.js';

/** The signature algorithms anyone may configure: asymmetric, so that whoever can verify cannot sign. */
export const asymmetricAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type Algorithm = (typeof asymmetricAlgorithms)[number];

export interface JwsHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
  /** Every header name that was there. */
  readonly names: readonly string[];
}

/** A compact JWS, split and decoded; nothing in it is proved yet. */
export interface Jws {
  readonly token: string;
  readonly header: JwsHeader;
  readonly payload: Uint8Array;
}

export type Claims = Readonly<Record<string, unknown>>;

const maximumTokenLength = 16_384;
const compactPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Splits a compact JWS (RFC 7515 section 7.1) and takes one spelling of it only: no blank, no padding, no unused
 * bits set. Throws `token.missing`, `token.too_long`, `token.malformed`.
 */
export function readJws(token: string): Jws {
  if (token === '') throw unproven('token.missing');
  if (token.length > maximumTokenLength) throw unproven('token.too_long');
  if (!compactPattern.test(token)) throw unproven('token.malformed');
  const [head = '', body = '', signature = ''] = token.split('.');
  decodeSegment(signature);
  return { token, header: readHeader(parseObject(decodeSegment(head))), payload: decodeSegment(body) };
}

/** The payload as a JSON object (RFC 7519 section 4); throws `token.malformed`. */
export const readClaims = (jws: Jws): Claims => parseObject(jws.payload);

/** Whether one of the keys that fit the header made the signature. */
export async function isSignedBy(jws: Jws, keySet: KeySet): Promise<boolean> {
  const algorithms = [jws.header.alg];
  for (const key of keySet.matching(jws.header)) {
    try {
      await compactVerify(jws.token, await key(), { algorithms });
      return true;
    } catch (cause) {
      if (!isRefusal(cause)) throw cause;
    }
  }
  return false;
}

// jose speaks in JOSEErrors of the token, and in TypeErrors and DOMExceptions of a key that cannot be used.
const isRefusal = (cause: unknown): boolean =>
  cause instanceof errors.JOSEError || cause instanceof TypeError || cause instanceof DOMException;

function decodeSegment(segment: string): Uint8Array {
  const bytes = Buffer.from(segment, 'base64url');
  if (bytes.toString('base64url') !== segment) throw unproven('token.malformed');
  return bytes;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseObject(bytes: Uint8Array): Claims {
  let value: unknown;
  try {
    value = JSON.parse(strictUtf8.decode(bytes));
  } catch {
    // The cause is left out: the parser's message quotes the token.
    throw unproven('token.malformed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unproven('token.malformed');
  return value as Claims;
}

function readHeader(header: Claims): JwsHeader {
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !isOptionalText(kid) || !isOptionalText(typ))
    throw unproven('token.malformed');
  return { alg, kid, typ, names: Object.keys(header) };
}

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value !== '' && value.length <= 256);
