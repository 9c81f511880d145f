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

export function apiClient(baseUrl: string): Api {
  const send = async (path: string, init: RequestInit, attempt = 1): Promise<Answer> => {
    const response = await fetch(`${baseUrl}${path}`, init);
    // A machine with much else to do: later, as the answer says.
    if (response.status === 503 && attempt < 5) {
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
