import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.js';
import { systemClock } from '../../kernel/clock.js';
import { makeSigningKey, sign, type SigningKey } from './keys.js';
import { listen } from './server.js';

/**
 * A local issuer of identities for the sandbox and the tests: OpenID discovery, JWK set and SPIFFE bundle over real
 * HTTP, signed with keys made at its start. It mints whatever it is asked for, so it listens on loopback only.
 */
export interface SandboxIssuer {
  /** Its address, which is also the `iss` of its OIDC tokens. */
  readonly url: string;
  readonly trustDomain: string;
  readonly audience: string;
  readonly bundleUrl: string;
  /** An OIDC token; the claims given go over `iss`, `aud`, `iat`, `exp` (10 minutes) and `jti`. Undefined removes. */
  mintToken(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** A JWT-SVID, 5 minutes long; `claims` go over those it has by itself. */
  mintSvid(spiffeId: string, audience?: string, claims?: object): Promise<string>;
  /** New keys sign from now on; those before them stay published, those before these do not. */
  rotate(): Promise<void>;
  /** Publishes a bundle without keys, which takes back every SVID, until the next `rotate`. */
  emptyBundle(): void;
  /** Requests so far, by path. */
  readonly requests: ReadonlyMap<string, number>;
  readonly close: () => Promise<void>;
}

export interface SandboxIssuerOptions {
  /** Any free port when absent. */
  readonly port?: number;
  readonly trustDomain: string;
  readonly audience: string;
  readonly clock?: Clock;
}

const tokenSeconds = 600;
const svidSeconds = 300;
const refreshHintSeconds = 60;

export async function startIssuer(options: SandboxIssuerOptions): Promise<SandboxIssuer> {
  const { trustDomain, audience, clock = systemClock } = options;
  const now = () => Math.floor(clock() / 1000);
  let sequence = 1;
  // The newest first. OIDC and SVID keys are apart, as in a real deployment.
  let oidcKeys = [await makeSigningKey('oidc-1')];
  let svidKeys = [await makeSigningKey('svid-1')];
  let isBundleEmpty = false;
  const requests = new Map<string, number>();

  const mintToken = (claims: Readonly<Record<string, unknown>>) =>
    sign(
      { iss: url, aud: audience, iat: now(), exp: now() + tokenSeconds, jti: randomUUID(), ...claims },
      newest(oidcKeys),
    );
  const mintSvid = (spiffeId: string, to = audience, claims: object = {}) =>
    sign({ sub: spiffeId, aud: [to], iat: now(), exp: now() + svidSeconds, ...claims }, newest(svidKeys));

  const { url, close } = await listen(options.port ?? 0, {
    requests,
    trustDomain,
    mintToken,
    mintSvid,
    publicKeys: () => oidcKeys.map((key) => ({ ...key.publicJwk, alg: 'ES256', use: 'sig' })),
    bundle: () => ({
      keys: isBundleEmpty ? [] : svidKeys.map((key) => ({ ...key.publicJwk, use: 'jwt-svid' })),
      spiffe_sequence: sequence,
      spiffe_refresh_hint: refreshHintSeconds,
    }),
  });

  return {
    url,
    trustDomain,
    audience,
    bundleUrl: `${url}/bundle`,
    mintToken,
    mintSvid,
    async rotate() {
      sequence += 1;
      isBundleEmpty = false;
      oidcKeys = [await makeSigningKey(`oidc-${sequence}`), newest(oidcKeys)];
      svidKeys = [await makeSigningKey(`svid-${sequence}`), newest(svidKeys)];
    },
    emptyBundle() {
      sequence += 1;
      isBundleEmpty = true;
    },
    requests,
    close,
  };
}

function newest(keys: readonly SigningKey[]): SigningKey {
  const [first] = keys;
  if (first === undefined) throw new TypeError('an issuer always has a key');
  return first;
}
