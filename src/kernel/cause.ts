/** The call that something is done for: what an event can be joined with other logs by. */
export interface Cause {
  /** Its id: `X-Request-Id` of the answer, `requestId` in the log. */
  readonly request: string;
  /** W3C Trace Context, as the caller sent it or as the span of the call has it. */
  readonly traceparent?: string | undefined;
}

const pattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** W3C Trace Context section 3.2.2, version 00; what is no such header is not passed on. */
export const traceparentIn = (header: unknown): string | undefined =>
  typeof header === 'string' && pattern.test(header) ? header : undefined;
