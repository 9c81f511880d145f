import type { Server } from 'node:http';
import type { TlsOptions } from 'node:tls';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import type { Broker } from '../broker/broker.js';
import { traceparentIn } from '../kernel/cause.js';
import type { Clock } from '../kernel/clock.js';
import { Fault } from '../kernel/fault.js';
import type { Tracing } from '../kernel/tracing.js';
import type { Operation } from '../wire/operation.js';
import { operations } from '../wire/operations.js';
import type { OperationId } from '../wire/operations.js';
import { headerValues } from './bearer.js';
import { beginCall, callOf } from './call.js';
import { answerConnectionFaults } from './connection-fault.js';
import { addConsole } from './console/console.js';
import type { Console } from './console/console.js';
import { cookiesFor } from './console/cookie.js';
import { acceptSessions } from './console/session-proof.js';
import { expressApp, expressServer } from './express-server.js';
import type { Limits } from './limits.js';
import { silentLog } from './log.js';
import type { Log } from './log.js';
import { faultOf, sendProblem } from './problem.js';
import type { PrometheusMeter } from './prometheus-meter.js';
import { rateGate } from './rate.js';
import { logRequest } from './request-log.js';
import type { Routes } from './route.js';
import { approvalRoutes } from './routes/approvals.js';
import { breakGlassRoutes } from './routes/break-glass.js';
import { awsRoutes } from './routes/aws.js';
import { descriptionRoutes } from './routes/description.js';
import { eventStreams } from './routes/events.js';
import { governanceRoutes } from './routes/governance.js';
import { healthRoutes } from './routes/health.js';
import { hookRoutes } from './routes/hooks.js';
import { leaseRoutes } from './routes/leases.js';
import { overviewRoutes } from './routes/overview.js';
import { readingRoutes } from './routes/reading.js';
import { sessionRoutes } from './routes/session.js';
import { stepRoutes } from './routes/steps.js';
import { subtaskRoutes } from './routes/subtasks.js';
import { authzenRoutes } from './routes/authzen.js';
import { taskRoutes } from './routes/tasks.js';
import { traffic } from './traffic.js';
import type { Traffic } from './traffic.js';

export interface HttpPorts {
  readonly broker: Broker;
  readonly limits: Limits;
  /** The clock that deadlines are told by: the ledger's. */
  readonly clock: Clock;
  /** Where people reach the console; links begin with it. */
  readonly consoleUrl?: string;
  /** Where callers reach this broker, as the settings have it. */
  readonly publicUrl?: string | undefined;
  readonly metrics: PrometheusMeter;
  readonly log?: Log;
  /** Where the settings ask for traces. */
  readonly tracing?: Tracing | undefined;
  /** Where the server speaks TLS itself. */
  readonly tls?: TlsOptions | undefined;
  /** Where there is one: its pages, and sessions beside bearer tokens. */
  readonly console?: Console | undefined;
  /** Version of the program, for /openapi.json. */
  readonly version: string;
}

export interface HttpServer {
  /** Not yet listening. */
  readonly server: Server;
  /** Turns /readyz to 503, stops accepting, and returns when the requests in flight have been answered. */
  readonly stop: () => Promise<void>;
}

/** The HTTP API of a broker. Nothing is wired here: whoever calls it has made what it needs. */
export function createHttpServer(ports: HttpPorts): HttpServer {
  const { limits, metrics, log = silentLog, tracing } = ports;
  const app = expressApp();
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
    // `observe` below says so with a problem; Node would say it with an empty answer.
    requireHostHeader: false,
  };
  const server = expressServer(
    app,
    options,
    ports.tls && { ...ports.tls, handshakeTimeout: limits.headersTimeoutMs },
  );
  server.maxConnections = limits.connections;
  const flow = traffic(server, limits);
  answerConnectionFaults(server, flow.responses, log, (status) =>
    metrics.requested('other', 'none', status, 0),
  );
  // An expectation that we do not know is no reason to refuse (RFC 9110 section 10.1.1 leaves the choice).
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));

  app.use(observe(flow, log, metrics));
  if (tracing) app.use(traceRequest(tracing));
  const admitted = admit(flow, limits);
  const streams = eventStreams(ports);
  const { console } = ports;
  if (console) app.use(acceptSessions({ ...console, cookies: cookiesFor(console.origin) }));
  addRoutes(app, admitted, {
    ...taskRoutes(ports),
    ...stepRoutes(ports),
    ...authzenRoutes(ports),
    ...subtaskRoutes(ports),
    ...leaseRoutes(ports),
    ...governanceRoutes(ports),
    ...readingRoutes(ports),
    ...approvalRoutes({ ...ports, stopping: flow.stopping }),
    ...breakGlassRoutes(ports),
    ...hookRoutes(ports),
    ...awsRoutes(ports),
    ...healthRoutes({ ...ports, log, stopping: flow.stopping }),
    ...descriptionRoutes(ports.version),
    ...sessionRoutes(console),
    ...streams.routes,
    ...overviewRoutes(ports),
  });
  if (console) addConsole(app, admitted, console);
  app.use(admitted);
  app.use(() => {
    throw new Fault('route.unknown', 'There is nothing at this path.');
  });
  app.use(answerFault);
  const stop = () => {
    streams.close();
    return flow.stop();
  };
  return { server, stop };
}

/** Begins the record of the call, and writes it down when the answer has gone out or the caller has gone. */
function observe(flow: Traffic, log: Log, metrics: PrometheusMeter): RequestHandler {
  return (req, res, next) => {
    const call = beginCall(res);
    call.traceparent = traceparentIn(req.headers['traceparent']);
    flow.begin(res);
    res.on('close', () => {
      flow.end(res);
      // 499: the caller left before the answer, as others write it down; nobody was sent it.
      const status = res.writableFinished ? res.statusCode : 499;
      metrics.requested(req.method, call.route, status, (performance.now() - call.startedAt) / 1000);
      logRequest(log, call, req, status, req.params ?? {});
    });
    if (req.httpVersion === '1.1' && headerValues(req, 'host').length !== 1)
      throw new Fault('request.malformed', 'The request has not exactly one Host header.');
    next();
  };
}

/** The whole request in one span; what is asked of policy, ledger and provider for it stands below. */
function traceRequest(tracing: Tracing): RequestHandler {
  return (req, res, next) => {
    const call = callOf(res);
    const span = tracing.request(req.method, req.headers);
    call.traceId = span.traceId;
    res.once('close', () => span.end(call.route, res.writableFinished ? res.statusCode : 499));
    span.run(() => {
      call.traceparent = tracing.current() ?? call.traceparent;
      next();
    });
  };
}

/** Whether the request is taken at all. */
function admit(flow: Traffic, limits: Limits): RequestHandler {
  const withinRate = rateGate(limits);
  return async (req, _res, next) => {
    if (flow.closed()) throw new Fault('broker.stopping', 'This instance takes no more requests.');
    await withinRate(req.socket.remoteAddress ?? '');
    next();
  };
}

/** Probes are always answered: an overloaded process that is taken for a dead one only makes the load worse. */
const alwaysAdmitted: ReadonlySet<string> = new Set(['/livez', '/readyz']);

function addRoutes(app: Express, admitted: RequestHandler, routes: Routes<OperationId>): void {
  const methodsAt = new Map<string, string[]>();
  for (const [id, { method, path }] of Object.entries<Operation>(operations)) {
    const named: RequestHandler = (_req, res, next) => {
      callOf(res).route = path;
      next();
    };
    const before = alwaysAdmitted.has(path) ? [named] : [named, admitted];
    app[method](expressPath(path), ...before, routes[id as OperationId]);
    methodsAt.set(path, [...(methodsAt.get(path) ?? []), ...(method === 'get' ? ['GET', 'HEAD'] : ['POST'])]);
  }
  for (const [path, methods] of methodsAt)
    app.all(expressPath(path), admitted, (_req, res) => {
      callOf(res).route = path;
      res.setHeader('Allow', methods.join(', '));
      throw new Fault('route.method', `This path takes ${methods.join(', ')}.`);
    });
}

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** The one place where what was thrown becomes an answer. */
const answerFault: ErrorRequestHandler = (thrown: unknown, _req, res, _next) => {
  const call = callOf(res);
  call.fault = faultOf(thrown);
  sendProblem(res, call.fault, call.id);
};
