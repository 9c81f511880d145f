import type { IncomingMessage } from 'node:http';
import { Fault, faults } from '../kernel/fault.js';
import type { Call } from './call.js';
import type { Log } from './log.js';

const quietRoutes = new Set(['/livez', '/readyz', '/metrics']);
const longestCause = 1000;

/**
 * One line per request: who, which operation, how it went. No body, no header, no query, and of the path only the
 * operation's own words and the ids in it.
 */
export function logRequest(
  log: Log,
  call: Call,
  req: IncomingMessage,
  status: number,
  parameters: object,
): void {
  const fields: Record<string, unknown> = { requestId: call.id, method: req.method, route: call.route };
  for (const [name, value] of Object.entries(parameters)) fields[name] = value;
  fields['status'] = status;
  fields['ms'] = Math.round((performance.now() - call.startedAt) * 10) / 10;
  if (call.traceId !== undefined) fields['traceId'] = call.traceId;
  if (call.principal !== undefined) fields['principal'] = call.principal;
  if (call.fault) Object.assign(fields, faultFields(call.fault, secretsOf(req)));
  if (call.fault && faults[call.fault.code].status >= 500) log.error(fields, 'request failed');
  else if (call.fault) log.info(fields, 'request refused');
  else if (quietRoutes.has(call.route)) log.debug(fields, 'request answered');
  else log.info(fields, 'request answered');
}

/** The fault with what the caller is not told: the reason and the cause. */
function faultFields(fault: Fault, secrets: readonly string[]): object {
  const clean = (text: string) =>
    secrets.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text).slice(0, longestCause);
  return {
    fault: fault.code,
    detail: clean(fault.message),
    ...(fault.reason !== undefined && { reason: clean(fault.reason) }),
    ...(fault.cause !== undefined && { cause: clean(causeText(fault)) }),
  };
}

/** A known failure by its message; what nobody foresaw with its stack. */
function causeText({ code, cause }: Fault): string {
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : typeof cause;
  return code === 'internal' ? (cause.stack ?? cause.message) : `${cause.name}: ${cause.message}`;
}

/** What the caller sent to prove itself, should an error somewhere quote it. */
const secretsOf = (req: IncomingMessage): string[] =>
  (req.headers.authorization ?? '').split(/\s+/).filter((word) => word.length >= 8);
