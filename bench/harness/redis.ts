import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { portOrFree } from '../../src/sandbox/port.js';

/**
 * A redis-server of its own, as production has it: append-only file, synced every second. It does not rewrite that file
 * meanwhile: a rewrite takes a core for seconds, and here there are two for the broker, the load and Redis together.
 */
export async function startRedis(): Promise<{ url: string; stop: () => void }> {
  const port = await portOrFree(0);
  const directory = mkdtempSync(join(tmpdir(), 'protem-bench-'));
  const server = spawn(
    'redis-server',
    [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory],
      ...['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0', '--save', ''],
    ],
    { stdio: 'ignore' },
  );
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  // It is not there yet, and is asked until it is.
  redis.on('error', () => {});
  await redis.ping();
  redis.disconnect();
  // The file of a run is hundreds of megabytes.
  server.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  process.once('exit', () => {
    server.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  return { url: `redis://127.0.0.1:${port}/0`, stop: () => void server.kill('SIGKILL') };
}
