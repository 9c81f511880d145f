import { pause } from '../sdk/call.js';
import type { Fetch, FetchedAnswer } from '../sdk/call.js';
import type { AuditRecordShape } from '../wire/audit.js';
import type { CheckpointShape } from '../wire/checkpoint.js';
import type { Problem } from '../wire/problem.js';
import { Refused } from './refused.js';

export interface Api {
  /** Such as https://protem.example. */
  readonly url: string;
  /** Of an operator. Asked for before each request, as it may be a file that is renewed. */
  readonly token: (() => string | Promise<string>) | undefined;
  readonly fetch: Fetch;
  readonly sleep?: (ms: number) => Promise<void>;
  /** Breaks off what is under way. */
  readonly signal?: AbortSignal;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_page_token?: string;
  /** By the broker's clock, in whole seconds: ms epoch; undefined where it does not say. */
  readonly answeredAt: number | undefined;
}

export interface AuditFilter {
  readonly lease?: string;
  readonly task?: string;
  readonly agent?: string;
  readonly since?: string;
  readonly until?: string;
}

const pageSize = 500;
const attempts = 5;

export const auditPage = (api: Api, filter: AuditFilter, token?: string): Promise<Page<AuditRecordShape>> =>
  get(api, '/v1/audit', { ...filter, page_token: token });

export const checkpointPage = (api: Api, token?: string): Promise<Page<CheckpointShape>> =>
  get(api, '/v1/audit/checkpoints', { page_token: token });

/** One page; what may succeed later is asked again, as Retry-After says. Throws Refused. */
async function get<Item>(
  api: Api,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Page<Item>> {
  const url = new URL(path, api.url);
  url.searchParams.set('page_size', String(pageSize));
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value);
  const { signal } = api;
  const sleep = api.sleep ?? ((ms) => pause(ms, signal));
  for (let attempt = 1; ; attempt += 1) {
    const token = await api.token?.();
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const sent = { headers, redirect: 'error' as const, ...(signal && { signal }) };
    const answer = await api
      .fetch(url.href, sent)
      .then(async (response) => ({ response, body: bodyOf(await response.text()) }))
      .catch((cause: unknown) => {
        signal?.throwIfAborted();
        if (attempt < attempts) return undefined;
        throw new Error(`${api.url} cannot be reached`, { cause });
      });
    if (answer?.response.ok) {
      const answeredAt = Date.parse(answer.response.headers.get('date') ?? '');
      const page = answer.body as Omit<Page<Item>, 'answeredAt'>;
      return { ...page, answeredAt: Number.isNaN(answeredAt) ? undefined : answeredAt };
    }
    const retryAfter = answer ? answer.response.headers.get('retry-after') : '1';
    if (answer && (retryAfter === null || attempt === attempts))
      throw refusalOf(answer.response, answer.body);
    await sleep(Number(retryAfter) * 1000);
  }
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}

function refusalOf({ status }: FetchedAnswer, body: unknown): Refused {
  const { detail, remedy, errors = [] } = body as Partial<Pick<Problem, 'detail' | 'remedy' | 'errors'>>;
  const said = [detail ?? `The answer was ${status}.`, remedy].filter(Boolean).join(' ');
  return new Refused(status, [said, ...errors.map((one) => `  ${one.pointer}: ${one.detail}`)].join('\n'));
}
