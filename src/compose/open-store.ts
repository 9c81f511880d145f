import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Logger } from 'pino';
import type { Secret } from '../kernel/secret.js';
import { acceptStore } from '../ledger/accept-store.js';
import { connectRedis, untilReady } from '../ledger/redis-connection.js';
import type { ConnectionMood } from '../ledger/redis-connection.js';
import { redisLedger } from '../ledger/redis-ledger.js';
import { unsafeStore } from '../ledger/redis-safety.js';
import type { RedisClient } from '../ledger/script.js';
import { openLog } from '../log.js';
import type { Settings } from '../settings/load.js';

/** What `protem ledger accept` does: see acceptStore. Connects to the state store and to nothing else. */
export async function acceptLedger(settings: Settings, reason: string): Promise<string[]> {
  if (!settings.rollbackGuard) return ['The settings have no rollbackGuard: there is nothing to accept.'];
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const redis = await openRedis(settings, 'asking', openLog('silent'), closing);
    return await acceptStore(
      redisLedger(redis, { prefix: settings.redis.prefix }),
      settings.rollbackGuard.file,
      { by: `local:${userInfo().username}`, reason },
    );
  } finally {
    for (const step of closing) await step();
  }
}

/** A connection as the settings describe it, ready to be asked. */
export async function openRedis(
  settings: Settings,
  mood: ConnectionMood,
  log: Logger,
  closing: (() => Promise<unknown>)[],
) {
  const { password, sentinel, certificateAuthorityFile: file, ...rest } = settings.redis;
  const certificateAuthority = file === undefined ? undefined : readFileSync(file, 'utf8');
  const redis = connectRedis(
    {
      ...rest,
      password: revealed(password),
      ...(sentinel && { sentinel: { ...sentinel, password: revealed(sentinel.password) } }),
      certificateAuthority,
    },
    mood,
  );
  redis.on('error', (error) => log.warn({ err: error }, 'Redis connection'));
  closing.push(() => Promise.resolve(redis.disconnect()));
  await untilReady(redis, 10_000);
  return redis;
}

const revealed = (secret: Secret<unknown> | undefined) => secret?.reveal() as string | undefined;

/** Throws where the store would lose leases, unless the settings allow that by name. */
export async function refuseUnsafeStore(
  redis: RedisClient,
  allowed: readonly string[],
  log: Logger,
): Promise<void> {
  const unsafe = await unsafeStore(redis);
  for (const { name, problem } of unsafe.filter(({ name }) => allowed.includes(name)))
    log.warn({ allowed: name }, problem);
  const refused = unsafe.filter(({ name }) => !allowed.includes(name));
  if (refused.length > 0)
    throw new Error(
      `The state store is not safe:\n  ${refused.map(({ name, problem }) => `${problem} (or allow it by name: allowUnsafe: [${name}])`).join('\n  ')}`,
    );
}
