/** Facts of a span. Ids, names and codes; never a secret, never the agent's own words. */
export type SpanFacts = Readonly<Record<string, string | number>>;

/** Spans as OpenTelemetry has them. There is none of this where the settings do not ask for it. */
export interface Tracing {
  /** Runs the work in a span below the one that runs now. What it throws is what the span failed of. */
  span<Result>(
    name: string,
    facts: SpanFacts,
    work: (note: (more: SpanFacts) => void) => Promise<Result>,
  ): Promise<Result>;
  /** The same for what returns at once. */
  instant<Result>(name: string, work: (note: (more: SpanFacts) => void) => Result): Result;
  /** As `span`, with a link to what asked for it in another process: a `traceparent` (W3C Trace Context). */
  linked<Result>(
    name: string,
    facts: SpanFacts,
    from: string | undefined,
    work: () => Promise<Result>,
  ): Promise<Result>;
  /** The span of a request that came in with these headers, by lower-case name. */
  request(method: string, headers: Readonly<Record<string, string | string[] | undefined>>): RequestSpan;
  /** `traceparent` of the span that runs now; undefined when there is none. */
  current(): string | undefined;
}

export interface RequestSpan {
  readonly traceId: string;
  /** Whatever begins in here belongs to the request. */
  run<Result>(work: () => Result): Result;
  /** `route` is the path of the operation, with `{name}` for what varies. */
  end(route: string, status: number): void;
}
