import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api';
import { faultCode } from '../kernel/fault.js';
import type { RequestSpan, SpanFacts, Tracing } from '../kernel/tracing.js';

type Api = typeof import('@opentelemetry/api');

/**
 * Spans by `@opentelemetry/api`, an optional peer: an SDK that the process was started with collects them, and without
 * one they are no spans at all. Names: HTTP semantic conventions 1.x for requests, `protem.*` for the rest.
 * @throws Error when the package is not installed
 */
export async function openTracing(version: string): Promise<Tracing> {
  const api = await import('@opentelemetry/api').catch((cause: unknown) => {
    throw new Error('`telemetry.traces` needs the package @opentelemetry/api beside Protem.', { cause });
  });
  return otelTracing(api, version);
}

function otelTracing(api: Api, version: string): Tracing {
  const { context, propagation, trace, SpanKind } = api;
  const tracer: Tracer = trace.getTracer('protem', version);
  const contextOf = (traceparent: string): Context =>
    propagation.extract(context.active(), { traceparent } satisfies Record<string, string>);

  async function within<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } catch (error) {
      failed(api, span, error);
      throw error;
    } finally {
      span.end();
    }
  }
  const noteOn = (span: Span) => (more: SpanFacts) => void span.setAttributes(more as Attributes);

  return {
    span(name, facts, work) {
      const span = tracer.startSpan(name, { attributes: facts as Attributes });
      return within(span, () => work(noteOn(span)));
    },
    instant(name, work) {
      const span = tracer.startSpan(name);
      try {
        return work(noteOn(span));
      } catch (error) {
        failed(api, span, error);
        throw error;
      } finally {
        span.end();
      }
    },
    linked(name, facts, from, work) {
      const asked = from === undefined ? undefined : trace.getSpanContext(contextOf(from));
      const links: Link[] = asked ? [{ context: asked }] : [];
      const kind = SpanKind.CONSUMER;
      const span = tracer.startSpan(name, { kind, attributes: facts as Attributes, links, root: true });
      return within(span, work);
    },
    request(method, headers): RequestSpan {
      const parent = propagation.extract(context.active(), headers);
      const attributes = { 'http.request.method': method };
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
      const inside = trace.setSpan(parent, span);
      return {
        traceId: span.spanContext().traceId,
        run: (work) => context.with(inside, work),
        end(route, status) {
          span.updateName(`${method} ${route}`);
          span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
          if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    current() {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier['traceparent'];
    },
  };
}

/** By the fault's code: a message may quote what a provider said. */
function failed({ SpanStatusCode }: Api, span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttributes({ 'error.type': faultCode(error) });
}
