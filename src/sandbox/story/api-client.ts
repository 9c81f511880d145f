/** A plain client of the HTTP API, as anyone could write it. */
export interface Api {
  call(method: string, path: string, token?: string, body?: object): Promise<Answer>;
  deliver(path: string, headers: Record<string, string>, rawBody: string): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

// What an API answers is whatever it is; the story reads it as it comes.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

/** `attempts`: how often a 503 is asked at most, each time as late as it says; the story would not break off for one. */
export function apiClient(baseUrl: string, { attempts = 1 } = {}): Api {
  const send = async (path: string, init: RequestInit, attempt = 1): Promise<Answer> => {
    const response = await fetch(`${baseUrl}${path}`, init);
    if (response.status === 503 && attempt < attempts) {
      await response.body?.cancel();
      await new Promise((later) =>
        setTimeout(later, Number(response.headers.get('retry-after') ?? 1) * 1000),
      );
      return send(path, init, attempt + 1);
    }
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Json) };
  };
  return {
    call: (method, path, token, body) =>
      send(path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    deliver: (path, headers, rawBody) =>
      send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: rawBody,
      }),
  };
}
