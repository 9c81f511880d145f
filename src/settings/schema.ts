import { z } from 'zod';
import { limitsSettings } from '../http/limits.js';
import { hookSettings } from '../identity/hooks/hook-settings.js';
import { identitySections } from '../identity/identity-settings.js';
import { duration } from '../kernel/duration.js';
import { Secret } from '../kernel/secret.js';
import { catalogSettings } from '../policy/catalog-settings.js';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and "-", beginning with a letter');
const port = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number),
    ],
    'must be a port',
  )
  .pipe(z.int().min(0).max(65_535));
const secret = z.instanceof(Secret).describe('{ env: NAME } or { file: path }.');

/** What is refused unless an operator allows it by its name. */
export const unsafeNames = [
  'redis-eviction',
  'redis-without-persistence',
  'redis-version',
  'redis-without-tls',
  'issuer-over-http',
  'provider-over-http',
] as const;
export type UnsafeName = (typeof unsafeNames)[number];

function isRedisUrl(url: string): boolean {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) return false;
  try {
    return decodeURIComponent(new URL(url).password) !== undefined;
  } catch {
    return false;
  }
}

/** Many services give an address with the password in it; from here on it is a Secret. */
function passwordApart<Redis extends { url: string; password?: Secret<unknown> | undefined }>(
  redis: Redis,
): Redis {
  const address = new URL(redis.url);
  if (address.password === '') return redis;
  const password = redis.password ?? new Secret(decodeURIComponent(address.password));
  address.password = '';
  return { ...redis, url: address.href, password };
}

const redis = z
  .strictObject({
    url: z
      .string()
      .refine(isRedisUrl, 'must be an address that begins with redis:// or rediss://')
      .describe('Redis 7 or Valkey 8, or the first node of a cluster.'),
    username: z.string().optional().describe('ACL user.'),
    password: secret.optional(),
    cluster: z.boolean().default(false).describe('The address is that of a cluster.'),
    sentinel: z
      .strictObject({
        name: z.string().describe('Name of the master group.'),
        addresses: z.array(z.strictObject({ host: z.string(), port })).min(1),
      })
      .optional(),
    certificateAuthorityFile: z
      .string()
      .optional()
      .describe('PEM that the certificate of rediss:// must come from.'),
    prefix: z
      .string()
      .regex(/^\{[A-Za-z0-9_-]+\}$/, 'must be one hash tag such as "{protem}"')
      .default('{protem}')
      .describe('Begins every key; one hash tag, so that a cluster keeps the ledger together.'),
  })
  .transform(passwordApart);

const limits = z
  .strictObject({
    longestTask: duration.default(86_400).describe('The furthest deadline a task may have.'),
    mintTimeout: duration.default(10).describe('How long a provider may take to mint.'),
    revokeTimeout: duration.default(10).describe('How long one attempt to revoke may take.'),
    credentialsEndWithProof: z
      .boolean()
      .default(false)
      .describe('A credential ends no later than the token that asked for it.'),
    longestOverdue: duration
      .default(120)
      .describe('An open revocation older than this makes the broker not ready.'),
    retention: duration.default(604_800).describe('How long ended tasks and leases are kept.'),
  })
  .prefault({});

export const settingsSchema = z.strictObject({
  ...identitySections,
  listen: z
    .strictObject({ host: z.string().default('127.0.0.1'), port: port.default(8700) })
    .prefault({})
    .describe('Where the API listens.'),
  http: limitsSettings.prefault({}),
  redis: redis.describe('The state store.'),
  providers: z
    .record(name, z.looseObject({ kind: z.string() }))
    .describe('Who mints: a name each, its kind, and the settings of that kind.'),
  catalog: catalogSettings,
  policy: z
    .strictObject({ directory: z.string().describe('Folder of *.cedar, the schema and cases.yaml.') })
    .describe('Where the policies are; relative to the settings file.'),
  hooks: hookSettings,
  limits,
  worker: z
    .strictObject({
      concurrency: z
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(16)
        .describe('Revocation jobs at once, per provider.'),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
  allowUnsafe: z
    .array(z.enum(unsafeNames))
    .default([])
    .describe('Names of what may be unsafe here, for trying things out.'),
});
