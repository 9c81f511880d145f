import type { ServerResponse } from 'node:http';

/** For every answer. There is nothing here to frame, sniff, refer from or keep. */
const headers = [
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

export const commonHeaders: readonly (readonly [string, string])[] = headers;

/** Answers with JSON, unless a content type has been set. Does nothing when the caller has gone. */
export function send(res: ServerResponse, status: number, body: unknown): void {
  sendText(res, status, JSON.stringify(body), 'application/json');
}

export function sendText(res: ServerResponse, status: number, text: string, mediaType: string): void {
  if (res.headersSent || res.destroyed) return;
  res.statusCode = status;
  if (!res.hasHeader('Content-Type')) res.setHeader('Content-Type', mediaType);
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.end(text);
}
