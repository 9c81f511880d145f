import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Load, Request } from './wrk.js';

const connections = 64;
const endOfHead = Buffer.from('\r\n\r\n');
const contentLength = /\r\ncontent-length: (\d+)/i;

/**
 * Open loop: requests arrive when they arrive (Poisson), however long the answers take. It sleeps between arrivals,
 * because it shares two cores with what it measures; the millisecond that a timer may be late counts as latency. It
 * writes requests that were encoded before and reads no more of an answer than its status and its end, so that hardly
 * any of what is measured is its own garbage.
 */
export async function openLoop(
  port: number,
  requests: readonly Request[],
  perSecond: number,
  seconds: number,
): Promise<Load> {
  const count = Math.min(requests.length, perSecond * seconds);
  const texts = encodedOnce(requests.slice(0, count), port);
  const latencies = new Float64Array(count);
  const waiting: { text: Buffer; at: number }[] = [];
  let done = 0;
  let refused = 0;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const idle: Line[] = [];
  const ask = (line: Line, text: Buffer, at: number) =>
    line.ask(text, (status) => {
      if (status >= 300) refused++;
      latencies[done++] = performance.now() - at;
      if (done === count) finish();
      const next = waiting.shift();
      if (next) ask(line, next.text, next.at);
      else idle.push(line);
    });
  idle.push(...(await Promise.all(Array.from({ length: connections }, () => openLine(port)))));
  const lines = [...idle];

  let due = performance.now();
  for (let i = 0; i < count;) {
    const now = performance.now();
    for (; i < count && due <= now; i++) {
      // Each in its turn: a server closes connections on which nothing is asked.
      const line = idle.shift();
      if (line) ask(line, texts[i]!, due);
      else waiting.push({ text: texts[i]!, at: due });
      due += (-Math.log(1 - Math.random()) * 1000) / perSecond;
    }
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
  }
  await finished;
  for (const line of lines) line.close();
  latencies.sort();
  const at = (share: number) => latencies[Math.min(count - 1, Math.floor(count * share))]!;
  return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99), refused, requests: count };
}

/** What is asked for many times over is encoded once: so many buffers would be collected while it measures. */
function encodedOnce(requests: readonly Request[], port: number): Buffer[] {
  const texts = new Map<Request, Buffer>();
  for (const request of requests) if (!texts.has(request)) texts.set(request, encoded(request, port));
  return requests.map((request) => texts.get(request)!);
}

const encoded = ({ path, token, body }: Request, port: number): Buffer =>
  Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      `authorization: Bearer ${token}`,
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );

/** One connection, which is asked one thing at a time. */
interface Line {
  ask(text: Buffer, answered: (status: number) => void): void;
  close(): void;
}

function openLine(port: number): Promise<Line> {
  const buffer = Buffer.allocUnsafe(65_536);
  let held = 0;
  let answered: (status: number) => void = () => {};
  const read = (read: number): boolean => {
    held += read;
    const status = ended(buffer, held);
    if (status !== undefined) {
      held = 0;
      answered(status);
    }
    return true;
  };
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: () => buffer.subarray(held), callback: read },
    });
    socket.once('error', reject);
    socket.once('connect', () =>
      resolve({
        ask(text, then) {
          answered = then;
          socket.write(text);
        },
        close: () => void socket.destroy(),
      }),
    );
  });
}

/** The status of the answer that these bytes are, once all of it is there. */
function ended(buffer: Buffer, length: number): number | undefined {
  const head = buffer.subarray(0, length).indexOf(endOfHead);
  if (head < 0) return undefined;
  const text = buffer.toString('latin1', 0, head);
  const [, size] = contentLength.exec(text) ?? [];
  if (size === undefined) throw new Error(`an answer without its length: ${text}`);
  return length >= head + 4 + Number(size) ? Number(text.slice(9, 12)) : undefined;
}
