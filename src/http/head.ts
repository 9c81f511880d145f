import { ServerResponse } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { callOf } from './call.js';

/** For every answer. There is nothing here to frame, sniff, refer from or keep. */
export const commonHeaders = [
  ['Cache-Control', 'no-store'],
  [
    'Content-Security-Policy',
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
] as const;

const commonPairs = commonHeaders.flat();

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * An answer that has them all, and the id of its request, whoever writes it: Node passes every head through here. What was
 * set before stays. Where nothing was, one list is half the price of setting each header.
 */
export class AnswerWithHead<Request extends IncomingMessage> extends ServerResponse<Request> {
  override writeHead(status: number, message?: string | Headers, headers?: Headers): this {
    const given = typeof message === 'string' ? headers : message;
    if (Array.isArray(given) && message === given && this.getHeaderNames().length === 0)
      return super.writeHead(status, [...commonPairs, 'X-Request-Id', callOf(this).id, ...given]);
    for (const [name, value] of commonHeaders) if (!this.hasHeader(name)) this.setHeader(name, value);
    if (!this.hasHeader('X-Request-Id')) this.setHeader('X-Request-Id', callOf(this).id);
    return typeof message === 'string'
      ? super.writeHead(status, message, headers)
      : super.writeHead(status, message);
  }
}
