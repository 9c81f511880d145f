import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import type { Answer } from './answer.js';
import { unanswered } from './answer.js';

/** What node-vault hands to its requester, and what we add to it. */
export interface VaultRequest {
  readonly method: 'GET' | 'POST';
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Readonly<Record<string, unknown>>;
  /** For the words of a Fault: "create the token of a lease". */
  readonly act: string;
  readonly timeoutMs: number;
}

export interface Requester {
  (asked: VaultRequest): Promise<Answer>;
  close(): Promise<void>;
}

const longestAnswerBytes = 1_048_576;

/**
 * HTTP for node-vault in the place of its own: a keep-alive pool, one deadline for the whole call, redirects not
 * followed (they would carry the token to another host), Retry-After kept, and errors without requests in them.
 */
export function openRequester(options: { caFile?: string | undefined; connections: number }): Requester {
  const agent = new Agent({
    connections: options.connections,
    maxResponseSize: longestAnswerBytes,
    ...(options.caFile === undefined ? {} : { connect: { ca: readFileSync(options.caFile, 'utf8') } }),
  });
  let closing: Promise<void> | undefined;

  const ask = async (asked: VaultRequest): Promise<Answer> => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), asked.timeoutMs);
    try {
      const { statusCode, headers, body } = await request(asked.uri, {
        dispatcher: agent,
        method: asked.method,
        signal: deadline.signal,
        headers: asked.json ? { ...asked.headers, 'content-type': 'application/json' } : asked.headers,
        ...(asked.json ? { body: JSON.stringify(asked.json) } : {}),
      });
      const text = await body.text();
      const wait = secondsOf(headers['retry-after']);
      return {
        status: statusCode,
        body: text === '' ? undefined : objectOf(text),
        ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
        ...(typeof headers['location'] === 'string' ? { location: hostOf(headers['location']) } : {}),
      };
    } catch (error) {
      const code = codeOf(error);
      throw unanswered(asked.act, deadline.signal.aborted || code === 'UND_ERR_CONNECT_TIMEOUT', code);
    } finally {
      clearTimeout(timer);
    }
  };
  return Object.assign(ask, { close: () => (closing ??= agent.destroy()) });
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Retry-After in seconds; its date form (RFC 9110 section 10.2.3) is not used by Vault and is passed over. */
function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

/** Only the host: a path may name a secret, a query may hold one. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another path';
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'no code';
