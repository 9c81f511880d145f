import { fetchDocument, isAllowedUrl, readDocument, readText, type FetchOptions } from './key-fetch.js';
import { readKeySet } from './key-set.js';
import type { LoadKeys } from './key-source.js';
import { keysUnavailable } from './refusal.js';

/** Where keys are published: an address, a file, or the settings themselves. */
export type KeysAt = { readonly url: string } | { readonly file: string } | { readonly inline: unknown };

/** Where there is no bundle: a file of PEM with the authorities of certificates. */
export interface AuthoritiesAt {
  readonly authoritiesFile: string;
}

const pemCertificates = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/** A cache age under this is taken for "no answer": many issuers forbid caching of a set that changes yearly. */
const shortestCacheAgeSeconds = 60;
const fileRefreshSeconds = 10;

/**
 * The JWK set behind `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery section 4), whose
 * `issuer` must be the configured one to the letter. Throws Fault `identity.unavailable`.
 */
export function discoverJwks(issuer: string, options: FetchOptions): LoadKeys {
  const wellKnown = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return async () => {
    const { document } = await fetchDocument(wellKnown, options);
    const { issuer: named, jwks_uri: url } = Object(document) as { issuer?: unknown; jwks_uri?: unknown };
    if (named !== issuer) throw keysUnavailable('keys.discovery_issuer');
    if (typeof url !== 'string') throw keysUnavailable('keys.malformed');
    if (!isAllowedUrl(url, options.allowHttp)) throw keysUnavailable('keys.address');
    return readJwksAt(url, stayingAt(wellKnown, url, options));
  };
}

/** A JWK set at a given place. Throws Fault `identity.unavailable`. */
export const readJwks = (at: KeysAt, options: FetchOptions): LoadKeys => {
  if ('url' in at) return () => readJwksAt(at.url, options);
  if ('inline' in at) return () => Promise.resolve({ keySet: readKeySet(at.inline, 'sig') });
  return async () => ({
    keySet: readKeySet(await readDocument(at.file), 'sig'),
    refreshInSeconds: fileRefreshSeconds,
  });
};

/**
 * The JWT authorities of a SPIFFE bundle (Trust Domain and Bundle section 4), and its X.509 authorities where their
 * `certificates` are taken. Throws `identity.unavailable`.
 */
export const readSpiffeBundle =
  (at: KeysAt | AuthoritiesAt, options: FetchOptions, certificates = false): LoadKeys =>
  async () => {
    if ('authoritiesFile' in at) return authoritiesIn(await readText(at.authoritiesFile));
    const document =
      'url' in at
        ? (await fetchDocument(at.url, options)).document
        : 'inline' in at
          ? at.inline
          : await readDocument(at.file);
    const keySet = readKeySet(document, 'jwt-svid', certificates);
    if ('file' in at) return { keySet, refreshInSeconds: fileRefreshSeconds };
    const hint = (document as { spiffe_refresh_hint?: unknown }).spiffe_refresh_hint;
    return { keySet, ...(typeof hint === 'number' && hint > 0 && { refreshInSeconds: hint }) };
  };

/** A file without any is one that is being written, or the wrong one: an empty bundle would take everything back. */
function authoritiesIn(pem: string) {
  const keys = [...pem.matchAll(pemCertificates)].map(([, base64 = '']) => ({
    use: 'x509-svid',
    x5c: [base64],
  }));
  const keySet = readKeySet({ keys }, 'jwt-svid', true);
  if (keySet.size === 0) throw keysUnavailable('keys.malformed');
  return { keySet, refreshInSeconds: fileRefreshSeconds };
}

async function readJwksAt(url: string, options: FetchOptions) {
  const { document, maximumAgeSeconds: age } = await fetchDocument(url, options);
  const keySet = readKeySet(document, 'sig');
  return { keySet, ...(age !== undefined && age >= shortestCacheAgeSeconds && { refreshInSeconds: age }) };
}

/** A bearer token is for the configured address; it does not follow the document to another. */
const stayingAt = (home: string, url: string, options: FetchOptions): FetchOptions =>
  new URL(home).origin === new URL(url).origin ? options : { ...options, bearerTokenFile: undefined };
