import type { AuditRecordShape } from '../wire/audit.js';
import type { CheckpointShape } from '../wire/checkpoint.js';

export interface Api {
  /** Such as https://protem.example. */
  readonly url: string;
  /** Of an operator. Asked for before each request, as it may be a file that is renewed. */
  readonly token: () => string;
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_page_token?: string;
}

/** What the broker refused, in the words of its problem; `status` is that of HTTP. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
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
  const sleep = api.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${api.token()}` },
      redirect: 'error',
    }).catch((cause: unknown) => {
      if (attempt < attempts) return undefined;
      throw new Error(`${api.url} cannot be reached`, { cause });
    });
    if (response?.ok) return (await response.json()) as Page<Item>;
    const retryAfter = response ? response.headers.get('retry-after') : '1';
    if (response && (retryAfter === null || attempt === attempts)) throw await refusalOf(response);
    await response?.body?.cancel();
    await sleep(Number(retryAfter) * 1000);
  }
}

async function refusalOf(response: Response): Promise<Refused> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; remedy?: string };
  const said = [problem.detail ?? `The answer was ${response.status}.`, problem.remedy]
    .filter(Boolean)
    .join(' ');
  return new Refused(response.status, said);
}
