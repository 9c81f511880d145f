import type { ServerResponse } from 'node:http';

/** Answers with JSON, unless a content type has been set. Does nothing when the caller has gone. */
export function send(res: ServerResponse, status: number, body: unknown, location?: string): void {
  sendText(res, status, JSON.stringify(body), 'application/json', location);
}

/** `location`: of what was made. */
export function sendText(
  res: ServerResponse,
  status: number,
  text: string,
  mediaType: string,
  location?: string,
): void {
  if (res.headersSent || res.destroyed) return;
  const head: (string | number)[] = ['Content-Length', Buffer.byteLength(text)];
  if (!res.hasHeader('Content-Type')) head.push('Content-Type', mediaType);
  if (location !== undefined) head.push('Location', location);
  res.writeHead(status, head).end(text);
}
