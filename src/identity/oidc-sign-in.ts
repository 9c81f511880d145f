import * as client from 'openid-client';
import type { Clock } from '../kernel/clock.js';
import { Fault } from '../kernel/fault.js';
import type { Secret } from '../kernel/secret.js';
import type { IdentitySettings } from './identity-settings.js';
import { readClaims, readJws } from './jws.js';
import { fetchKeys } from './key-fetch.js';
import { verifyOidc } from './oidc-issuer.js';
import type { Principal } from './principal.js';
import { openOidcIssuers } from './trust.js';

export interface OidcClientSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: Secret<unknown> | undefined;
  readonly scopes: readonly string[];
}

/** What the browser keeps from the beginning of a sign-in to its end, in a cookie that nothing else can read. */
export interface SignInMemory {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** People sign in at the issuer that their bearer tokens come from, and are the same principals. */
export interface OidcSignIn {
  begin(): Promise<{ readonly url: URL; readonly memory: SignInMemory }>;
  /**
   * `url`: the callback as the browser came to it. Throws Fault `identity.unproven`, `role.missing` for whoever is no
   * operator, and `identity.unavailable` when the issuer cannot be reached.
   */
  finish(url: URL, memory: SignInMemory): Promise<Principal>;
}

const discoveredForMs = 3_600_000;
const answerSeconds = 10;

/**
 * OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636), state and nonce. The client library does the
 * protocol; the ID token is then held to the very rules that bearer tokens of its issuer are held to, its signature
 * included, but for the audience, which is the client here.
 */
export function openOidcSignIn(
  settings: OidcClientSettings,
  identity: IdentitySettings,
  redirectUri: string,
  clock: Clock,
): OidcSignIn {
  const trusted = identity.issuers.find(({ issuer }) => issuer === settings.issuer);
  if (!trusted) throw new TypeError(`there is no issuer ${settings.issuer}`);
  const asClient = { ...identity, issuers: [{ ...trusted, audience: settings.clientId }] };
  const issuer = openOidcIssuers(asClient, fetchKeys, clock).get(settings.issuer)!;

  let discovered: { readonly at: number; readonly config: client.Configuration } | undefined;
  async function configuration(): Promise<client.Configuration> {
    if (discovered && clock() - discovered.at < discoveredForMs) return discovered.config;
    const secret = settings.clientSecret?.reveal() as string | undefined;
    const config = await client
      .discovery(
        new URL(settings.issuer),
        settings.clientId,
        undefined,
        secret === undefined ? client.None() : client.ClientSecretPost(secret),
        { timeout: answerSeconds, ...(trusted?.allowHttp && { execute: [client.allowInsecureRequests] }) },
      )
      .catch((cause: unknown) => {
        throw new Fault('identity.unavailable', 'The identity provider does not answer.', { cause });
      });
    discovered = { at: clock(), config };
    return config;
  }

  return {
    async begin() {
      const config = await configuration();
      const memory = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        state: memory.state,
        nonce: memory.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(memory.verifier),
        code_challenge_method: 'S256',
      });
      return { url, memory };
    },

    async finish(url, { state, nonce, verifier }) {
      const config = await configuration();
      const idToken = await client
        .authorizationCodeGrant(config, url, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        })
        .then(({ id_token }) => id_token ?? '')
        .catch((cause: unknown) => {
          throw refused(cause);
        });
      const jws = readJws(idToken);
      const { principal } = await verifyOidc(jws, readClaims(jws), issuer, clock);
      if (principal.kind === 'operator') return principal;
      throw new Fault('role.missing', 'The console is for operators; this identity is none.');
    },
  };
}

/** What the provider said, or the library found, is for the log: it may quote what the browser brought. */
const refused = (cause: unknown): Fault => {
  const { code } = cause as { code?: unknown };
  return new Fault('identity.unproven', 'The sign-in did not succeed.', {
    reason: `sign_in.${typeof code === 'string' ? code.toLowerCase() : 'failed'}`,
  });
};
