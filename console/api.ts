import type { Problem } from '../src/wire/problem.js';
import { session } from './session.js';

/** An answer of the API that is a problem; `code` is `away` when there was no answer at all. */
export class ApiFault extends Error {
  readonly code: string;
  readonly retry: boolean;
  readonly remedy: string;
  readonly problem: Partial<Problem>;

  constructor(problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? 'The broker does not answer.');
    this.code = problem.code ?? 'away';
    this.retry = problem.retry ?? true;
    this.remedy = problem.remedy ?? 'It is tried again by itself; if it lasts, look whether the broker runs.';
    this.problem = problem;
  }
}

export interface Asking {
  readonly body?: unknown;
  /** Asked for by a timer and not by a person: it does not keep the session alive. */
  readonly unattended?: boolean;
  readonly signal?: AbortSignal;
}

export const get = <Shape>(path: string, asking?: Asking): Promise<Shape> => call('GET', path, asking);
export const post = <Shape>(path: string, body: unknown): Promise<Shape> => call('POST', path, { body });

async function call<Shape>(method: string, path: string, asking: Asking = {}): Promise<Shape> {
  const { body, unattended, signal } = asking;
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['Protem-CSRF'] = session.peek()?.csrfToken ?? '';
  if (unattended) headers['Protem-Unattended'] = '1';
  const response = await fetch(path, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiFault({});
  });
  if (response.ok) return (await response.json()) as Shape;
  const problem = (await response.json().catch(() => ({ title: response.statusText }))) as Partial<Problem>;
  if (response.status === 401) session.value = null;
  throw new ApiFault(problem);
}

/** Every page of a list, `each` told of them as they come; ends when it says so. */
export async function pages<Page extends { readonly next_page_token?: string | undefined }>(
  path: string,
  each: (page: Page) => boolean | void,
  asking?: Asking,
): Promise<string | undefined> {
  let token: string | undefined;
  do {
    const separator = path.includes('?') ? '&' : '?';
    const page: Page = await get(
      token === undefined ? path : `${path}${separator}page_token=${encodeURIComponent(token)}`,
      asking,
    );
    token = page.next_page_token;
    if (each(page) === false) break;
  } while (token !== undefined);
  return token;
}
