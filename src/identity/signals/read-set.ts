import type { Clock } from '../../kernel/clock.js';
import { isSignedBy, readClaims, readJws } from '../jws.js';
import type { Claims, Jws } from '../jws.js';
import type { KeySource } from '../key-source.js';
import { SetRefused } from './set-refused.js';
import type { StreamSettings } from './stream-settings.js';

/** A security event token (RFC 8417) that its transmitter has signed, as far as it is about agents. */
export interface SecurityEvents {
  readonly issuer: string;
  readonly jti: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Undefined when its subject is none that this stream may speak of in a way that is understood. */
  readonly agent: string | undefined;
  /** Type (a URI) and what it says. */
  readonly events: Readonly<Record<string, Claims>>;
}

/** A token is refused when it is older: what was received is remembered for longer. */
const oldestSeconds = 7 * 86_400;
const clockToleranceSeconds = 60;
const refusedHeaders = new Set(['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip']);

/**
 * Reads and verifies one pushed token. Throws SetRefused (`invalid_request`, `invalid_key`, `invalid_issuer`,
 * `invalid_audience` of RFC 8935 section 2.4), and Fault `identity.unavailable` when the keys cannot be had.
 */
export async function readSet(
  stream: StreamSettings,
  source: KeySource,
  token: string,
  clock: Clock,
): Promise<SecurityEvents> {
  const { jws, claims } = decoded(token);
  checkHeader(jws, stream);
  if (claims['iss'] !== stream.issuer) throw new SetRefused('invalid_issuer', 'It is not of this stream.');
  await prove(jws, source);
  checkClaims(claims, stream, clock);
  return {
    issuer: stream.issuer,
    jti: claims['jti'] as string,
    issuedAt: Math.min(clock(), Number(claims['iat']) * 1000),
    agent: agentOf(claims['sub_id'], stream),
    events: eventsOf(claims['events']),
  };
}

function decoded(token: string): { jws: Jws; claims: Claims } {
  try {
    const jws = readJws(token.trim());
    return { jws, claims: readClaims(jws) };
  } catch {
    throw new SetRefused('invalid_request', 'The body is not a signed token.');
  }
}

function checkHeader({ header }: Jws, stream: StreamSettings): void {
  const type = header.typ?.toLowerCase();
  if (type !== 'secevent+jwt' && type !== 'application/secevent+jwt')
    throw new SetRefused('invalid_request', 'Its typ is not secevent+jwt.');
  if (header.names.some((name) => refusedHeaders.has(name)))
    throw new SetRefused('invalid_request', 'Its header brings what is not taken.');
  if (!(stream.algorithms as readonly string[]).includes(header.alg))
    throw new SetRefused('invalid_key', 'Its signature algorithm is not accepted.');
}

async function prove(jws: Jws, source: KeySource): Promise<void> {
  let keySet = await source.keys();
  if (keySet.matching(jws.header).length === 0) keySet = (await source.newerThan(keySet)) ?? keySet;
  if (!(await isSignedBy(jws, keySet)))
    throw new SetRefused('invalid_key', 'It is not signed by a key of the transmitter.');
}

function checkClaims(claims: Claims, stream: StreamSettings, clock: Clock): void {
  const audiences: unknown = typeof claims['aud'] === 'string' ? [claims['aud']] : claims['aud'];
  if (!Array.isArray(audiences) || !audiences.includes(stream.audience))
    throw new SetRefused('invalid_audience', 'It is not for this receiver.');
  // SSF 1.0: with either it could be taken for a token that proves who someone is.
  for (const name of ['exp', 'sub'])
    if (name in claims) throw new SetRefused('invalid_request', `It must not have "${name}".`);
  const { jti, iat } = claims;
  if (typeof jti !== 'string' || jti === '' || jti.length > 256)
    throw new SetRefused('invalid_request', 'It has no usable jti.');
  const now = clock() / 1000;
  if (typeof iat !== 'number' || iat > now + clockToleranceSeconds || iat < now - oldestSeconds)
    throw new SetRefused('invalid_request', 'Its iat is missing, in the future, or too long ago.');
}

function eventsOf(events: unknown): Readonly<Record<string, Claims>> {
  const isRecord = (value: unknown): value is Claims =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRecord(events) || Object.keys(events).length === 0 || !Object.values(events).every(isRecord))
    throw new SetRefused('invalid_request', 'It has no events.');
  return events as Readonly<Record<string, Claims>>;
}

/** RFC 9493 section 3.2.4 (`iss_sub`); subjects of other formats name no agent. */
function agentOf(subject: unknown, stream: StreamSettings): string | undefined {
  const { format, iss, sub } = Object(subject) as Record<string, unknown>;
  if (format !== 'iss_sub' || typeof iss !== 'string' || typeof sub !== 'string') return undefined;
  if (!(stream.subjectIssuers ?? [stream.issuer]).includes(iss)) return undefined;
  const id = stream.agentPrefix + sub;
  return /^[\x21-\x7e]{1,2048}$/.test(id) && !id.startsWith('protem:') ? id : undefined;
}
