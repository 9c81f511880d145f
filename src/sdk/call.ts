import { faultOf, ProtemFault, unreachable } from './protem-fault.js';
import type { DpopKey, ProofMaker } from './jose-proof.js';

/** What is needed of `fetch`; anything else that answers so will do. */
export type Fetch = (url: string, init: RequestInit) => Promise<FetchedAnswer>;

export interface FetchedAnswer extends Pick<Response, 'ok' | 'status' | 'text'> {
  readonly headers: Pick<Headers, 'get'>;
}

export interface CallerOptions {
  /** Where the broker is, such as "https://protem.example". */
  readonly url: string;
  /**
   * The workload's token, or what reads it anew: it is asked before every request. Without one, `fetch` has to show a
   * certificate (X509-SVID).
   */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  readonly fetch?: Fetch;
  /** The key pair that the token is bound to (RFC 9449). */
  readonly dpop?: DpopKey;
  /** How often a request is sent at most. Default 4. */
  readonly attempts?: number;
  /** How long one attempt may take. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** From the root of the broker, such as "/v1/tasks". */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether sending it twice does what sending it once does; only then is it sent again when no answer came. */
  readonly safe?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface Answered {
  readonly status: number;
  // Typed by whoever knows which call it was.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Longer than this nobody is made to wait for a retry: the fault says when to come back. */
const longestWaitMs = 20_000;

/** Sends calls to one broker. What may succeed later is tried again, as long as that is safe. */
export type Send = (call: Call) => Promise<Answered>;

export interface Caller {
  readonly send: Send;
  /** The token of the latest request. */
  latestToken(): string | undefined;
}

export function openCaller(options: CallerOptions): Caller {
  const base = baseOf(options.url);
  const attempts = options.attempts ?? 4;
  let maker: Promise<ProofMaker> | undefined;
  let latest: string | undefined;
  let nonce: string | undefined;

  const once = async (call: Call): Promise<Answered> => {
    const url = base + call.path + queryOf(call.query);
    const token = typeof options.token === 'function' ? await options.token() : options.token;
    latest = token;
    maker ??= options.dpop && import('./jose-proof.js').then(({ proofMaker }) => proofMaker(options.dpop!));
    const make = token === undefined ? undefined : await maker;
    const proof = await make?.(call.method, url.split('?')[0] ?? url, token!, nonce);
    const headers = {
      accept: 'application/json',
      ...(token !== undefined && {
        authorization: `${proof === undefined ? 'Bearer' : 'DPoP'} ${token}`,
      }),
      ...(proof !== undefined && { dpop: proof }),
      ...(call.body && { 'content-type': 'application/json' }),
      ...call.headers,
    };
    const late = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? 30_000);
    const signal = call.signal ? AbortSignal.any([call.signal, late]) : late;
    const init = { method: call.method, headers, signal, redirect: 'error' as const };
    const answered = await exchange(options.fetch ?? globalThis.fetch, url, {
      ...init,
      ...(call.body && { body: JSON.stringify(call.body) }),
    }).catch((error: unknown) => {
      call.signal?.throwIfAborted();
      throw error instanceof ProtemFault ? error : unreachable(url, error);
    });
    // RFC 9449 section 8.2: the latest nonce is for the next proof.
    nonce = answered.response.headers.get('dpop-nonce') ?? nonce;
    if (answered.response.ok) return { status: answered.response.status, body: answered.body };
    throw faultOf(answered.response, answered.body);
  };

  const send: Send = async (call) => {
    for (let attempt = 1; ; attempt++) {
      call.signal?.throwIfAborted();
      const proved = nonce;
      try {
        return await once(call);
      } catch (error) {
        // Refused before anything else was looked at, and now there is a nonce to prove with.
        if (isNonceWanted(error) && nonce !== proved && attempt < attempts) continue;
        const waitMs = attempt < attempts ? waitOf(error, call, attempt) : undefined;
        if (waitMs === undefined) throw error;
        await pause(waitMs, call.signal);
      }
    }
  };
  return { send, latestToken: () => latest };
}

const isNonceWanted = (error: unknown): boolean =>
  error instanceof ProtemFault && error.code === 'dpop.nonce';

async function exchange(send: Fetch, url: string, init: RequestInit) {
  const response = await send(url, init);
  const text = await response.text();
  return { response, body: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** How long to wait before the next attempt; undefined when there must be none. */
function waitOf(error: unknown, call: Call, attempt: number): number | undefined {
  if (!(error instanceof ProtemFault) || !error.retry) return undefined;
  // Without an answer of the broker nobody knows what it did.
  if (error.code.startsWith('client.') && call.method !== 'GET' && call.safe !== true) return undefined;
  const askedMs = (error.retryAfterSeconds ?? 0) * 1000;
  const waitMs = Math.max(askedMs, 200 * 2 ** (attempt - 1) * (0.5 + Math.random()));
  return waitMs <= longestWaitMs ? waitMs : undefined;
}

/** @throws the reason of the signal */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

/** @throws TypeError for what is not the address of a broker */
function baseOf(text: string): string {
  const url = new URL(text);
  if (!['http:', 'https:'].includes(url.protocol))
    throw new TypeError('The URL of the broker is not of http(s).');
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new TypeError('The URL of the broker must have no user, no query and no fragment.');
  return url.href.replace(/\/+$/, '');
}

function queryOf(query: Call['query'] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
}
