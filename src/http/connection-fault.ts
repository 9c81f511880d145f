import { STATUS_CODES } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Fault, faults } from '../kernel/fault.js';
import { newRequestId } from '../kernel/id.js';
import { callOf } from './call.js';
import type { Log } from './log.js';
import { headersOf, problemOf, sendProblem } from './problem.js';
import { commonHeaders } from './head.js';

const lingerMs = 1000;

/** What Node's HTTP parser and timers say, as faults; undefined when the caller has simply gone. */
function connectionFault(error: NodeJS.ErrnoException): Fault | undefined {
  const detail = { reason: error.code ?? error.name };
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return undefined;
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Fault('request.too_large', 'The head of the request is too large.', detail);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('request.timeout', 'The request did not arrive in time.', detail);
    case 'HPE_INVALID_EOF_STATE':
      return new Fault('request.malformed', 'The request ended before it was complete.', detail);
    default:
      return new Fault('request.malformed', 'What arrived is not an HTTP request.', detail);
  }
}

/**
 * Answers with a problem what never became a request, or broke off as one, and closes the connection.
 * `responses`: those not yet finished, to answer through when there is one on this connection.
 */
export function answerConnectionFaults(
  server: Server,
  responses: Iterable<ServerResponse>,
  log: Log,
  counted: (status: number) => void,
): void {
  // Nothing can be answered to whoever does not come as far as that.
  server.on('tlsClientError', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'ECONNRESET') log.info({ reason: code ?? message }, 'no secure connection came about');
  });
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    const fault = connectionFault(error);
    if (!fault || !socket.writable) return socket.destroy();
    const open = [...responses].find((res) => res.socket === socket);
    if (open?.headersSent) return socket.destroy();
    if (open) {
      callOf(open).fault = fault;
      open.shouldKeepAlive = false;
      return sendProblem(open, fault, callOf(open).id);
    }
    const id = newRequestId();
    const { status } = faults[fault.code];
    log.info({ requestId: id, status, fault: fault.code, reason: fault.reason }, 'connection refused');
    counted(status);
    socket.end(raw(fault, id));
    setTimeout(() => socket.destroy(), lingerMs).unref();
  });
}

function raw(fault: Fault, instance: string): string {
  const { status } = faults[fault.code];
  const body = JSON.stringify(problemOf(fault, instance));
  const headers = [
    ...commonHeaders,
    ...Object.entries({ ...headersOf(fault), Connection: 'close' }),
    ['Content-Length', Buffer.byteLength(body)],
  ];
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`;
}
