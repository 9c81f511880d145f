import { hash } from 'node:crypto';
import { compactVerify } from 'jose';
import type { Clock } from '../../kernel/clock.js';
import { Fault } from '../../kernel/fault.js';
import { readClaims, readJws, type Claims, type Jws } from '../jws.js';
import { clockToleranceSeconds } from '../token-claims.js';
import { invalidProof } from './flaw.js';
import { comparableUri } from './http-uri.js';
import { readProofKey } from './proof-key.js';
import type { ProofStore } from './proof-store.js';

/** The request that a proof has to be for. */
export interface ProvedRequest {
  readonly method: string;
  /** Path of the request, without its query. */
  readonly path: string;
  /** The token it is sent with; none at an endpoint that takes none. */
  readonly token?: string;
  /** Told the nonce that the next proof should have, whatever comes of this one. */
  readonly giveNonce?: (nonce: string) => void;
}

export interface ProofRules {
  readonly maximumAgeSeconds: number;
  /** How long one nonce is handed out; undefined when none are asked for. It holds for as long again. */
  readonly nonceSeconds: number | undefined;
  /** Where this broker is reached, as it knows it; never as the request says. */
  readonly publicUrls: () => readonly string[];
}

export type VerifyProof = (proofs: readonly string[], request: ProvedRequest) => Promise<string>;

/**
 * The twelve checks of RFC 9449 section 4.3, the last of them against the token's `cnf.jkt` left to the caller; gives
 * the thumbprint of the key. Throws Fault `dpop.invalid`, `dpop.nonce`, `state.unavailable`.
 */
export function proofVerifier(rules: ProofRules, store: ProofStore, clock: Clock): VerifyProof {
  return async (proofs, request) => {
    const [proof] = proofs;
    if (proof === undefined) throw invalidProof('dpop.none');
    if (proofs.length > 1) throw invalidProof('dpop.many');
    const { jws, claims } = read(proof);
    const jwk = headerOf(jws)['jwk'];
    if (jws.header.typ !== 'dpop+jwt') throw invalidProof('dpop.type');
    const { thumbprint, key } = await readProofKey(jws.header.alg, jwk);
    await checkSignature(jws, key);
    const { jti, iat, nonce } = checkClaims(claims, request, rules.publicUrls());
    if (rules.nonceSeconds === undefined) checkAge(iat, rules.maximumAgeSeconds, clock);
    const standing = await store.see({ jti, thumbprint, ...keptFor(rules, nonce) });
    if (standing.nonce !== undefined && standing.nonce !== nonce) request.giveNonce?.(standing.nonce);
    if (!standing.nonceHolds)
      throw new Fault('dpop.nonce', 'The proof has not the nonce that this broker gave last.', {
        reason: nonce === undefined ? 'dpop.no_nonce' : 'dpop.old_nonce',
      });
    if (!standing.isFirst) throw invalidProof('dpop.replayed');
    return thumbprint;
  };
}

function read(proof: string): { jws: Jws; claims: Claims } {
  try {
    const jws = readJws(proof);
    return { jws, claims: readClaims(jws) };
  } catch (cause) {
    throw cause instanceof Fault ? invalidProof('dpop.malformed') : cause;
  }
}

const headerOf = ({ token }: Jws): Claims =>
  JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()) as Claims;

async function checkSignature({ token, header }: Jws, key: Parameters<typeof compactVerify>[1]) {
  await compactVerify(token, key, { algorithms: [header.alg] }).catch((cause: unknown) => {
    throw invalidProof('dpop.signature', cause);
  });
}

function checkClaims(claims: Claims, { method, path, token }: ProvedRequest, bases: readonly string[]) {
  const { jti, htm, htu, iat, ath, nonce } = claims;
  if (!isText(jti) || !isText(htm) || typeof htu !== 'string' || typeof iat !== 'number')
    throw invalidProof('dpop.malformed');
  if (nonce !== undefined && !isText(nonce)) throw invalidProof('dpop.malformed');
  if (htm !== method) throw invalidProof('dpop.method');
  const uri = comparableUri(htu);
  if (uri === undefined || !bases.some((base) => comparableUri(base.replace(/\/+$/, '') + path) === uri))
    throw invalidProof('dpop.uri');
  if (token !== undefined && ath !== hash('sha256', token, 'base64url')) throw invalidProof('dpop.token');
  return { jti, iat, nonce };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 256;

function checkAge(iatSeconds: number, maximumAgeSeconds: number, clock: Clock): void {
  const ageSeconds = clock() / 1000 - iatSeconds;
  if (!(ageSeconds <= maximumAgeSeconds && ageSeconds >= -clockToleranceSeconds))
    throw invalidProof('dpop.stale');
}

/** Check 11: the time of a proof is that of the server's nonce where there is one, else that of the sender's clock. */
const keptFor = ({ maximumAgeSeconds, nonceSeconds }: ProofRules, nonce: string | undefined) =>
  nonceSeconds === undefined
    ? { keepMs: (maximumAgeSeconds + 2 * clockToleranceSeconds) * 1000 }
    : { keepMs: 2 * nonceSeconds * 1000, nonce: nonce ?? '' };
