import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { afterEach, expect } from '@jest/globals';
import { pino } from 'pino';
import type { Broker } from '../../src/broker/broker.js';
import type { Console } from '../../src/http/console/console.js';
import { limitsSettings } from '../../src/http/limits.js';
import type { Limits } from '../../src/http/limits.js';
import { prometheusMeter } from '../../src/http/prometheus-meter.js';
import { createHttpServer } from '../../src/http/server.js';
import type { HttpServer } from '../../src/http/server.js';
import { faults } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { openapi } from '../../src/wire/openapi.js';
import type { Problem } from '../../src/wire/problem.js';
import { fixedClock } from '../fake/fixed-clock.js';
import type { FixedClock } from '../fake/fixed-clock.js';
import { agentToken, pretendBroker } from '../fake/pretend-broker.js';
import type { PretendBroker } from '../fake/pretend-broker.js';
import { apiJudge } from './api-judge.js';

/** 2030-01-01T00:00:00Z */
export const now = 1_893_456_000_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface Ask {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Serving extends HttpServer {
  readonly url: string;
  readonly port: number;
  readonly broker: PretendBroker;
  readonly clock: FixedClock;
  readonly log: Record<string, unknown>[];
  /** Sends as the agent unless told otherwise; holds every answer against the OpenAPI description. */
  readonly call: (method: string, path: string, ask?: Ask) => Promise<Answer>;
  /** Resolves with the log line that has these fields. */
  readonly logged: (fields: Record<string, unknown>) => Promise<Record<string, unknown>>;
  /** A bare connection; `text` collects what comes back, and `closed` resolves with it. */
  readonly connection: () => Promise<{ socket: Socket; text: () => string; closed: Promise<string> }>;
}

const judge = apiJudge(openapi('0.0.0-test'));
const running: HttpServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { server, stop } of running.splice(0)) {
    server.closeAllConnections();
    await stop();
  }
});

export async function serving(
  options: {
    limits?: Partial<Limits>;
    broker?: Partial<Broker>;
    console?: Console;
    publicUrl?: string;
    tls?: TlsOptions;
  } = {},
): Promise<Serving> {
  const clock = fixedClock(now);
  const broker = pretendBroker(clock, options.broker);
  const log: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const logger = pino(
    { level: 'debug' },
    {
      write(line: string) {
        log.push(JSON.parse(line) as Record<string, unknown>);
        for (const look of waiting) look();
      },
    },
  );
  const limits = limitsSettings.parse({ ...options.limits });
  const metrics = prometheusMeter({ version: '0.0.0-test' });
  const made = createHttpServer({
    broker,
    limits,
    metrics,
    log: logger,
    clock,
    version: '0.0.0-test',
    console: options.console,
    publicUrl: options.publicUrl,
    tls: options.tls,
  });
  running.push(made);
  made.server.listen(0, '127.0.0.1');
  await once(made.server, 'listening');
  const { port } = made.server.address() as AddressInfo;
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;

  return {
    ...made,
    url,
    port,
    broker,
    clock,
    log,
    call: (method, path, ask) => sent(url, method, path, ask),
    logged: (fields) =>
      new Promise((resolve) => {
        const look = () => {
          const line = log.find((candidate) =>
            Object.entries(fields).every(([name, value]) => candidate[name] === value),
          );
          if (!line) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
      }),
    connection: () => connected(port),
  };
}

async function sent(url: string, method: string, path: string, ask: Ask = {}): Promise<Answer> {
  const { token = agentToken, body } = ask;
  const headers: Record<string, string> = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...ask.headers,
  };
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(url + path, {
    method,
    headers,
    ...(body !== undefined && { body: raw as string }),
  });
  const text = await response.text();
  const mediaType = response.headers.get('content-type')?.split(';')[0] ?? '';
  const isJson = mediaType.endsWith('json') && text !== '';
  const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
  if (method !== 'HEAD')
    judge(method, new URL(url + path).pathname, response.status, mediaType, isJson ? json : text);
  if (mediaType === 'application/problem+json' && isJson) wholeProblem(json as unknown as Problem, response);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.has('x-powered-by')).toBe(false);
  expect(response.headers.has('etag')).toBe(false);
  return { status: response.status, headers: response.headers, text, json };
}

/** What every problem must be, whatever went wrong. */
function wholeProblem(problem: Problem, response: Response): void {
  const kind = faults[problem.code];
  expect(problem).toMatchObject({ type: `/problems/${problem.code}`, ...kind });
  expect(problem.status).toBe(response.status);
  expect(problem.instance).toBe(response.headers.get('x-request-id'));
  expect(response.headers.has('retry-after')).toBe(kind.retry);
}

async function connected(port: number): ReturnType<Serving['connection']> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  return { socket, text: () => text, closed };
}

/** Says what an answer was refused with. */
export function expectProblem(answer: Answer, code: FaultCode): Problem {
  expect(answer.json['code'] ?? answer.text).toBe(code);
  expect(answer.status).toBe(faults[code].status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  return answer.json as unknown as Problem;
}

/** The problem in what came over a bare connection. */
export function rawProblem(text: string): { status: number; problem: Problem } {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head.toLowerCase()).toContain('content-type: application/problem+json');
  expect(head.toLowerCase()).toContain('connection: close');
  const problem = JSON.parse(body) as Problem;
  judge('GET', '/nowhere', problem.status, 'application/problem+json', problem);
  return { status: Number(head.split(' ')[1]), problem };
}
