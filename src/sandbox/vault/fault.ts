import type { IncomingMessage, ServerResponse } from 'node:http';

/** A way to misbehave, for tests and demonstrations. */
export interface VaultFault {
  /**
   * `reset`: cut before any work. `hang`: never answers. `error`: 500. `sealed`: 503. `forbidden`: 403.
   * `throttled`: 429 with Retry-After. `nonsense`: 200 with HTML. `redirect`: 307 elsewhere.
   * `drop`: does the work, then cuts the connection.
   */
  readonly kind:
    'reset' | 'hang' | 'error' | 'sealed' | 'forbidden' | 'throttled' | 'nonsense' | 'redirect' | 'drop';
  /** Only requests whose path (without `/v1/`) matches. */
  readonly path?: RegExp;
  /** Leaves this many matching requests alone first. */
  readonly after?: number;
  /** Then strikes this many; without it, all. */
  readonly times?: number;
  readonly text?: string;
  readonly location?: string;
}

export interface FaultInjector {
  set(fault: VaultFault | undefined): void;
  /** Answers in the place of the work, or lets it happen. True when the request is dealt with. */
  strikes(path: string, request: IncomingMessage, response: ServerResponse): boolean;
  /** True when the answer of the work that was just done must not arrive. */
  drops(): boolean;
}

export function openFaultInjector(): FaultInjector {
  let fault: VaultFault | undefined;
  let seen = 0;
  let dropping = false;

  const answer = (
    response: ServerResponse,
    status: number,
    body: string,
    headers: Record<string, string> = {},
  ) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);

  function strike(kind: VaultFault['kind'], request: IncomingMessage, response: ServerResponse): void {
    const errors = JSON.stringify({ errors: [fault?.text ?? `${kind} by request`] });
    switch (kind) {
      case 'reset':
        request.socket.destroy();
        return;
      case 'hang':
        return;
      case 'error':
        answer(response, 500, errors);
        return;
      case 'sealed':
        answer(response, 503, JSON.stringify({ errors: ['Vault is sealed'] }));
        return;
      case 'forbidden':
        answer(response, 403, errors);
        return;
      case 'throttled':
        answer(response, 429, errors, { 'retry-after': '7' });
        return;
      case 'nonsense':
        answer(response, 200, '<html>welcome</html>', { 'content-type': 'text/html' });
        return;
      case 'redirect':
        answer(response, 307, '', { location: fault?.location ?? 'http://elsewhere.invalid/v1/' });
        return;
      case 'drop':
        dropping = true;
    }
  }

  return {
    set(next) {
      fault = next;
      seen = 0;
      dropping = false;
    },
    strikes(path, request, response) {
      if (!fault || (fault.path && !fault.path.test(path))) return false;
      const nth = ++seen - (fault.after ?? 0);
      if (nth < 1 || nth > (fault.times ?? Infinity)) return false;
      const { kind } = fault;
      strike(kind, request, response);
      return kind !== 'drop';
    },
    drops() {
      const drop = dropping;
      dropping = false;
      return drop;
    },
  };
}
