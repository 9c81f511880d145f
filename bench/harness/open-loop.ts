import { Agent, request } from 'undici';
import type { Load, Request } from './wrk.js';

/**
 * Open loop: requests arrive when they arrive (Poisson), however long the answers take. It sleeps between arrivals,
 * because it shares two cores with what it measures; the millisecond that a timer may be late counts as latency.
 */
export async function openLoop(
  port: number,
  requests: readonly Request[],
  perSecond: number,
  seconds: number,
): Promise<Load> {
  const dispatcher = new Agent({ connections: 64, pipelining: 1 });
  const latencies: number[] = [];
  let refused = 0;
  const send = async ({ path, token, body }: Request, at: number) => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) refused++;
    latencies.push(performance.now() - at);
  };
  const running: Promise<void>[] = [];
  const count = Math.min(requests.length, perSecond * seconds);
  let due = performance.now();
  for (let i = 0; i < count;) {
    const now = performance.now();
    for (; i < count && due <= now; i++) {
      running.push(send(requests[i]!, due));
      due += (-Math.log(1 - Math.random()) * 1000) / perSecond;
    }
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
  }
  await Promise.all(running);
  await dispatcher.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]!;
  return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99), refused, requests: count };
}
