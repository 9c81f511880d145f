import type { IncomingMessage } from 'node:http';
import type { SignedRequest } from './sigv4.js';

const largestBodyBytes = 5_000_000;

/** The whole of it, as it came; throws when its body is too large. */
export async function readRequest(incoming: IncomingMessage): Promise<SignedRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBodyBytes) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  const [path = '/', query = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : value,
    ]),
  );
  return { method: incoming.method ?? 'GET', path, query, headers, body: Buffer.concat(chunks) };
}
