import type { ServerResponse } from 'node:http';
import type { Cause } from '../kernel/cause.js';
import type { Fault } from '../kernel/fault.js';
import type { Principal } from '../identity/principal.js';
import { newRequestId } from '../kernel/id.js';

/** What is known of one request while it is answered. */
export interface Call {
  readonly id: string;
  /** Milliseconds on the monotonic clock. */
  readonly startedAt: number;
  /** The path of its operation, with `{name}` for what varies; `none` until one is found. */
  route: string;
  principal?: string;
  /** Where the request has another proof than a bearer token; throws when that does not hold. */
  proven?: () => Promise<Principal>;
  fault?: Fault;
  traceId?: string;
  traceparent?: string | undefined;
}

const ofResponse = Symbol('call');

type Answering = ServerResponse & { [ofResponse]?: Call };

export function beginCall(res: ServerResponse): Call {
  const call: Call = { id: newRequestId(), startedAt: performance.now(), route: 'none' };
  (res as Answering)[ofResponse] = call;
  return call;
}

/** What is told of what is done for it names it by. */
export const causeOf = (res: ServerResponse): Cause => {
  const { id, traceparent } = callOf(res);
  return { request: id, traceparent };
};

/** The call that the response answers. */
export const callOf = (res: ServerResponse): Call => (res as Answering)[ofResponse] ?? beginCall(res);
