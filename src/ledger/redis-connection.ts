import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { writeOncePerTurn } from './redis-writes.js';
import type { RedisClient } from './script.js';

export interface RedisSettings {
  /** redis:// or rediss:// of a server, or of the first node of a cluster. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly cluster?: boolean | undefined;
  readonly sentinel?:
    | {
        readonly name: string;
        readonly addresses: readonly { readonly host: string; readonly port: number }[];
        readonly username?: string | undefined;
        readonly password?: string | undefined;
      }
    | undefined;
  /** PEM of the authorities that the server's certificate must come from. */
  readonly certificateAuthority?: string | undefined;
}

/**
 * `asking`: a command fails at once while Redis is away, and after a second without answer, so that issuing fails
 * closed. `waiting`: a command waits for Redis to come back, as BullMQ's workers need. Either gives up a connection
 * on which nothing is heard any more: a network that fails without a word would else hold it for a quarter of an hour.
 */
export type ConnectionMood = 'asking' | 'waiting';

/** BullMQ's workers wait no longer for a job in one command. */
const longestBlockMs = 10_000;

const reconnectDelayMs = (attempt: number) => Math.min(50 * attempt, 1000) + Math.random() * 100;

export function connectRedis(settings: RedisSettings, mood: ConnectionMood): RedisClient {
  const url = new URL(settings.url);
  const tls = url.protocol === 'rediss:';
  const username = settings.username ?? (decodeURIComponent(url.username) || undefined);
  const password = settings.password ?? (decodeURIComponent(url.password) || undefined);
  const secured = { ...(settings.certificateAuthority && { ca: settings.certificateAuthority }) };
  const common: Omit<RedisOptions, 'replyMapping'> = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    db: Number(url.pathname.slice(1) || 0),
    ...(tls && { tls: secured }),
    connectTimeout: 5000,
    retryStrategy: reconnectDelayMs,
    ...(mood === 'asking'
      ? {
          enableOfflineQueue: false,
          autoResendUnfulfilledCommands: false,
          maxRetriesPerRequest: 0,
          commandTimeout: 2000,
          socketTimeout: 3000,
        }
      : { maxRetriesPerRequest: null, socketTimeout: longestBlockMs + 5000 }),
  };
  // A master that has become a replica keeps its connections: whoever sees that looks for the master again.
  const following = {
    reconnectOnError: (error: Error) => error.message.includes('READONLY') && (mood === 'asking' ? 1 : 2),
  };
  const address = { host: url.hostname, port: Number(url.port || 6379) };
  const { sentinel } = settings;
  if (sentinel)
    return writeOncePerTurn(
      new Redis({
        ...common,
        ...following,
        name: sentinel.name,
        sentinels: [...sentinel.addresses],
        ...(sentinel.username !== undefined && { sentinelUsername: sentinel.username }),
        ...(sentinel.password !== undefined && { sentinelPassword: sentinel.password }),
        sentinelRetryStrategy: reconnectDelayMs,
        ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: secured }),
      }),
    );
  if (settings.cluster) {
    return new Cluster([address], {
      redisOptions: common,
      clusterRetryStrategy: reconnectDelayMs,
      enableOfflineQueue: mood === 'waiting',
      ...(tls && {
        dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
      }),
    });
  }
  return writeOncePerTurn(new Redis({ ...common, ...following, ...address }));
}

/** Resolves when the connection takes commands; rejects with what was in the way when it does not within the time. */
export function untilReady(redis: RedisClient, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    let cause: Error | undefined;
    const failed = (error: Error) => (cause = error);
    const settle = (finish: () => void) => () => {
      clearTimeout(timer);
      redis.off('ready', ready).off('error', failed);
      finish();
    };
    const ready = settle(resolve);
    const late = settle(() => {
      const said = cause === undefined ? '' : `: ${cause.message}`;
      reject(new Error(`Redis does not answer at the address of redis.url${said}`, { cause }));
    });
    const timer = setTimeout(late, timeoutMs);
    redis.once('ready', ready).on('error', failed);
  });
}
