import { request as plain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Fetch } from '../sdk/call.js';

/**
 * What the client needs of `fetch`, by Node's own HTTP client: loading the one behind `fetch` takes longer than all
 * else that a verb does. A redirect is an error, so that a token goes nowhere else.
 */
export const exchange: Fetch = async (url, { method = 'GET', headers, body, signal }) => {
  const request = url.startsWith('https:') ? (await import('node:https')).request : plain;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers: headers as Record<string, string>, ...(signal && { signal }) };
    const sent = request(url, options, resolve).on('error', reject);
    sent.end(typeof body === 'string' ? body : undefined);
  });
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    response.destroy();
    throw new Error('The answer is a redirect.');
  }
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name) => response.headers[name.toLowerCase()]?.toString() ?? null },
    text: () => text(response),
  };
};
