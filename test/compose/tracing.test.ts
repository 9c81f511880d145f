import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { eventually } from '../stack/eventually.js';

const exporter = new InMemorySpanExporter();
const callersTrace = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${callersTrace}-b7ad6b7169203331-01`;

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let token: string;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  sandbox = await startSandboxBroker({ 'telemetry.traces': true });
  token = await tokenOf('reporter');
}, 30_000);
afterAll(() => sandbox.close());

const tokenOf = async (subject: string, kind = 'agent'): Promise<string> => {
  const answer = await fetch(`${sandbox.variables['SANDBOX_ISSUER']}/token`, {
    method: 'POST',
    body: new URLSearchParams({ subject, kind }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
};

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await fetch(`${sandbox.variables['PROTEM_URL']}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { id: string; lease: { id: string }; secret: Record<string, string> };
}

const spansNamed = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
const parentOf = (span: ReadableSpan) =>
  exporter.getFinishedSpans().find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId)
    ?.name;

test("one request for a credential is one tree of spans in the caller's trace", async () => {
  const task = await post('/v1/tasks', { intent: 'traced', deadline: '10m' });
  const { lease, secret } = await post(
    `/v1/tasks/${task.id}/credentials`,
    { credential: 'reports-db' },
    { traceparent },
  );
  const issue = await eventually('the span of the issue', () => spansNamed('protem.issue')[0]);
  expect(issue.spanContext().traceId).toBe(callersTrace);
  expect(issue.attributes).toMatchObject({ 'protem.task.id': task.id, 'protem.lease.id': lease.id });

  const route = 'POST /v1/tasks/{task}/credentials';
  const [server] = await eventually('the span of the request', () => {
    const found = spansNamed(route);
    return found.length > 0 && found;
  });
  expect(server!.kind).toBe(SpanKind.SERVER);
  expect(server!.attributes).toMatchObject({ 'http.response.status_code': 201 });
  expect(server!.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(parentOf(issue)).toBe(route);
  for (const name of ['protem.policy.evaluate', 'protem.provider.mint']) {
    const [span] = spansNamed(name);
    expect(parentOf(span!)).toBe('protem.issue');
  }

  await post(`/v1/tasks/${task.id}/end`, { outcome: 'completed' });
  const revoke = await eventually('the span of the revocation', () => spansNamed('protem.revoke')[0]);
  expect(revoke.attributes).toMatchObject({ 'protem.lease.id': lease.id });
  const [end] = spansNamed('protem.task.end');
  expect(revoke.links.map((link) => link.context.traceId)).toEqual([end!.spanContext().traceId]);
  expect(revoke.spanContext().traceId).not.toBe(end!.spanContext().traceId);

  const all = JSON.stringify(
    exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
  );
  for (const value of Object.values(secret)) expect(all).not.toContain(value);
  expect(all).not.toContain(token);
});

test('a refusal fails its span with the code of its fault, and without its words', async () => {
  exporter.reset();
  const task = await post('/v1/tasks', { intent: 'traced', deadline: '10m' });
  await post(`/v1/tasks/${task.id}/credentials`, {
    credential: 'no-such-entry',
    reason: 'words of the agent',
  });
  const issue = await eventually('the span of the issue', () => spansNamed('protem.issue')[0]);
  expect(issue.attributes).toMatchObject({ 'error.type': 'credential.unknown' });
  expect(issue.events).toEqual([]);
  expect(JSON.stringify(issue.attributes)).not.toContain('words of the agent');
});

test('AUD-01: the events of a call name the id of its answer and its span, to be joined with logs and traces', async () => {
  exporter.reset();
  const task = await post('/v1/tasks', { intent: 'traced', deadline: '10m' });
  const url = `${sandbox.variables['PROTEM_URL']}/v1`;
  const asked = await fetch(`${url}/tasks/${task.id}/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', traceparent },
    body: JSON.stringify({ credential: 'reports-db' }),
  });
  const { lease } = (await asked.json()) as { lease: { id: string } };
  const span = await eventually('its span', () => spansNamed('POST /v1/tasks/{task}/credentials')[0]);
  const told = await fetch(`${url}/audit?lease=${lease.id}`, {
    headers: { authorization: `Bearer ${await tokenOf('olga', 'operator')}` },
  });
  const { items } = (await told.json()) as { items: { event: Record<string, unknown> }[] };
  const ofTheCall = items.filter(({ event }) => event['request'] === asked.headers.get('x-request-id'));
  expect(ofTheCall.map(({ event }) => [event['type'], event['traceparent']])).toEqual(
    ['lease.reserved', 'lease.active'].map((type) => [
      type,
      `00-${callersTrace}-${span.spanContext().spanId}-01`,
    ]),
  );
  expect(items.map(({ event }) => event['type'])).toContain('task.opened');
});
