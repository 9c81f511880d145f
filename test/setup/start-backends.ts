import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { portOrFree } from '../../src/sandbox/port.js';
import { startValkey } from '../../src/sandbox/valkey/start-valkey.js';

export interface Backends {
  stop(): Promise<void>;
}

/** Real Redis with its append-only file, on a free port and in a directory of its own. */
async function startRealRedis(): Promise<Backends & { url: string }> {
  const port = await portOrFree(0);
  const directory = mkdtempSync(join(tmpdir(), 'protem-redis-'));
  const process = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes', '--save', ''],
    { stdio: 'ignore' },
  );
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => {}); // until it listens
  await redis.ping();
  redis.disconnect();
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = once(process, 'exit');
      process.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const hasRealRedis = () => spawnSync('redis-server', ['--version']).status === 0;

/** Where tests and what they start put what they leave behind: it goes with the run. Test processes inherit it. */
function openTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'protem-tests-'));
  // PostgreSQL runs as a user of its own.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  return folder;
}

/** Embedded Valkey always; real Redis where the binary is, and a failure where it must be and is not. */
export default async function startBackends(): Promise<void> {
  const folder = openTemporaryFolder();
  const valkey = await startValkey();
  process.env['PROTEM_TEST_VALKEY'] = valkey.url;
  let real: Backends | undefined;
  if (hasRealRedis()) {
    const redis = await startRealRedis();
    process.env['PROTEM_TEST_REDIS'] = redis.url;
    real = redis;
  } else if (process.env['PROTEM_STACK_REQUIRED'] === '1') {
    await valkey.close();
    throw new Error('redis-server is required here and was not found');
  } else {
    console.log(
      '\nSkipped on real Redis: no redis-server on this machine (embedded Valkey is used for everything).',
    );
  }
  (globalThis as { backends?: Backends }).backends = {
    async stop() {
      await real?.stop();
      await valkey.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
