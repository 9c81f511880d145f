import { ProtemClient } from '../../src/sdk/index.js';
import type { ClientOptions } from '../../src/sdk/index.js';
import { openapi } from '../../src/wire/openapi.js';
import { agentToken } from '../fake/pretend-broker.js';
import { apiJudge } from '../http/api-judge.js';

const judge = apiJudge(openapi('0.0.0-test'));

const textOf = (input: Parameters<typeof fetch>[0]): string =>
  typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;

/** Holds every answer that the client reads against the OpenAPI description. */
const judgingFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const mediaType = response.headers.get('content-type')?.split(';')[0] ?? '';
  const body: unknown = await response.clone().json();
  judge(init?.method ?? 'GET', new URL(textOf(input)).pathname, response.status, mediaType, body);
  return response;
};

/** A client of what a test serves, as the agent unless told otherwise. */
export const clientOf = (url: string, options: Partial<ClientOptions> = {}): ProtemClient =>
  new ProtemClient({ url, token: agentToken, fetch: judgingFetch, releaseOnExit: false, ...options });

/** A fetch that answers from a list, and notes what it was asked. */
export function scripted(...answers: (Response | Error)[]) {
  const asked: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const script: typeof fetch = async (input, init = {}) => {
    init.signal?.throwIfAborted();
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    asked.push({
      url: textOf(input),
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      body,
    });
    const next = answers.shift();
    if (next === undefined) throw new Error('the script is at its end');
    if (next instanceof Error) throw next;
    return next;
  };
  return { fetch: script, asked };
}

export const answering = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

export const problem = (
  code: string,
  status: number,
  retry: boolean,
  more: object = {},
  headers: Record<string, string> = {},
): Response =>
  answering(
    status,
    {
      type: `/problems/${code}`,
      title: 'x',
      status,
      detail: 'What happened.',
      instance: 'req_1',
      code,
      retry,
      remedy: 'Do this.',
      ...more,
    },
    { 'content-type': 'application/problem+json', ...(retry && { 'retry-after': '0' }), ...headers },
  );

export const granted = (id = 'lse_AAAAAAAABBBBBB'): object => ({
  lease: {
    id,
    task: 'tsk_AAAAAAAA',
    agent: 'agent:x',
    credential: 'reports-db',
    provider: 'vault',
    parameters: {},
    state: 'active',
    revocation: { effect: 'revoked_at_provider', attempts: 0 },
    reservedAt: '2030-01-01T00:00:00.000Z',
    expiresAt: '2030-01-01T00:15:00.000Z',
  },
  secret: { username: 'u', password: 'hunter2' },
});

/** A question that a person has not answered. */
export const approval = {
  id: 'apr_AAAAAAAAAAAAAAAA',
  status: 'pending',
  url: 'https://broker.test/console/approvals/apr_AAAAAAAAAAAAAAAA',
  expiresAt: '2999-01-01T00:00:00.000Z',
};
