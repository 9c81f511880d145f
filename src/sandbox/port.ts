import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems hand out by themselves: one of them may belong to any connection a moment later. */
const lowest = 20_000;
const highest = 32_000;
const tries = 50;

const given = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** This port of loopback when nobody has it, else a free one that was not given before; 0 asks for any. */
export async function portOrFree(port: number): Promise<number> {
  if (port !== 0 && (await isFree(port))) return port;
  for (let attempt = 0; attempt < tries; attempt++) {
    const another = randomInt(lowest, highest);
    if (given.has(another)) continue;
    given.add(another);
    if (await isFree(another)) return another;
  }
  throw new Error(`no port of loopback between ${lowest} and ${highest} is free`);
}
