import { Agent, request } from 'undici';
import type { Answer, Json } from '../../src/sandbox/story/api-client.js';

/** A client of one API process. It never tries again: what was cut off is for the test to judge. */
export interface Client {
  post(
    path: string,
    token: string,
    body: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

const dispatcher = new Agent({ connections: 128, pipelining: 1, headersTimeout: 15_000 });

export const clientOf = (url: string): Client => ({
  async post(path, token, body, headers = {}) {
    const answer = await request(`${url}${path}`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text === '' ? undefined : (JSON.parse(text) as Json) };
  },
});
