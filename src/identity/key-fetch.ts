import { readFile } from 'node:fs/promises';
import { Agent, fetch as undiciFetch, type Dispatcher } from 'undici';
import { keysUnavailable } from './refusal.js';

/** What the broker needs of fetch; redirects are never followed. */
export type FetchKeys = (
  url: string,
  init: {
    readonly headers: Readonly<Record<string, string>>;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
    readonly dispatcher?: Dispatcher;
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}>;

export const fetchKeys: FetchKeys = (url, init) => undiciFetch(url, init);

export interface FetchOptions {
  readonly fetch: FetchKeys;
  readonly allowHttp: boolean;
  /** PEM of the authority to trust for this address instead of the system's. */
  readonly caFile?: string | undefined;
  /** Its content is sent as bearer token; read anew each time because such tokens rotate. */
  readonly bearerTokenFile?: string | undefined;
}

export interface FetchedDocument {
  readonly document: unknown;
  /** Seconds the answer may still be kept, by its Cache-Control and Age (RFC 9111). */
  readonly maximumAgeSeconds: number | undefined;
}

const timeoutMs = 5_000;
const maximumBytes = 512 * 1024;

/** GETs a JSON document. Throws Fault `identity.unavailable`; no redirect is followed, no large body is read. */
export async function fetchDocument(url: string, options: FetchOptions): Promise<FetchedDocument> {
  if (!isAllowedUrl(url, options.allowHttp)) throw keysUnavailable('keys.address');
  const agent = options.caFile ? new Agent({ connect: { ca: await readText(options.caFile) } }) : undefined;
  try {
    const headers: Record<string, string> = { accept: 'application/json, application/jwk-set+json' };
    if (options.bearerTokenFile)
      headers['authorization'] = `Bearer ${(await readText(options.bearerTokenFile)).trim()}`;
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await options
      .fetch(url, { headers, redirect: 'manual', signal, ...(agent && { dispatcher: agent }) })
      .catch((cause: unknown) => {
        throw unreachable(cause);
      });
    if (response.status !== 200) {
      await discard(response.body);
      throw keysUnavailable(
        response.status >= 300 && response.status < 400 ? 'keys.redirect' : 'keys.status',
        new Error(`${url} answered ${response.status}`),
      );
    }
    return { document: await readJson(response.body), maximumAgeSeconds: cacheAge(response.headers) };
  } finally {
    await agent?.destroy();
  }
}

/** Reads a JSON document from disk. Throws Fault `identity.unavailable`. */
export async function readDocument(file: string): Promise<unknown> {
  return parseJson(await readText(file));
}

/** https, or plain http where the settings allow it by name. */
export function isAllowedUrl(text: string, allowHttp: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'https:' || (allowHttp && protocol === 'http:')) && !username && !password && !hash;
}

/** Throws Fault `identity.unavailable`. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw keysUnavailable('keys.unreachable', cause);
  }
}

async function readJson(body: AsyncIterable<Uint8Array> | null): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      size += chunk.length;
      if (size > maximumBytes) throw keysUnavailable('keys.too_large');
      chunks.push(chunk);
    }
  } catch (cause) {
    throw size > maximumBytes ? cause : unreachable(cause);
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}

async function discard(body: AsyncIterable<Uint8Array> | null): Promise<void> {
  for await (const _ of body ?? []) break;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw keysUnavailable('keys.malformed', cause);
  }
}

const unreachable = (cause: unknown) =>
  keysUnavailable(
    (cause as { name?: unknown } | null)?.name === 'TimeoutError' ? 'keys.timeout' : 'keys.unreachable',
    cause,
  );

function cacheAge(headers: { get(name: string): string | null }): number | undefined {
  const maximumAge = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(headers.get('cache-control') ?? '')?.[1];
  return maximumAge === undefined
    ? undefined
    : Math.max(0, Number(maximumAge) - Number(headers.get('age') ?? 0));
}
