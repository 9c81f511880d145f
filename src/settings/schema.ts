import { z } from 'zod';
import { consoleSettings } from '../http/console/settings.js';
import { breakGlassSettings } from '../approval/break-glass-settings.js';
import { approvalSettings } from '../approval/approval-settings.js';
import { limitsSettings } from '../http/limits.js';
import { tlsSettings } from '../http/tls-settings.js';
import { hookSettings } from '../identity/hooks/hook-settings.js';
import { signalSettings } from '../identity/signals/stream-settings.js';
import { identitySections } from '../identity/identity-settings.js';
import { duration } from '../kernel/duration.js';
import { Secret } from '../kernel/secret.js';
import { rateSettings } from '../policy/rate.js';
import { notificationSettings } from '../notification/notification-settings.js';
import { catalogSettings } from '../policy/catalog-settings.js';
import { toolSettings } from '../policy/tool-settings.js';
import { auditSettings } from './audit-settings.js';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and "-", beginning with a letter');
const port = z
  .union(
    [
      z.int().min(0).max(65_535),
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number),
    ],
    'must be a port',
  )
  .pipe(z.int().min(0).max(65_535));
const secret = z.instanceof(Secret);

/** What is refused unless an operator allows it by its name. */
export const unsafeNames = [
  'redis-eviction',
  'redis-without-persistence',
  'redis-version',
  'redis-without-tls',
  'issuer-over-http',
  'provider-over-http',
  'sandbox-parts',
] as const;
export type UnsafeName = (typeof unsafeNames)[number];

function isRedisUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
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

const redis = z.strictObject({
  url: z
    .string()
    .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
    .refine(isRedisUrl, 'must be an address that can be read')
    .describe(
      'Redis 7 or Valkey 8, or the first node of a cluster. With `sentinel`, only its scheme, user and database count.',
    ),
  username: z.string().optional().describe('ACL user.'),
  password: secret.optional().describe('Password of the ACL user, or of the server.'),
  cluster: z.boolean().default(false).describe('The address is that of a cluster.'),
  sentinel: z
    .strictObject({
      name: z.string().describe('Name of the master group.'),
      addresses: z
        .array(
          z.strictObject({
            host: z.string().describe('Host of one sentinel.'),
            port: port.describe('Its port.'),
          }),
        )
        .min(1)
        .describe('The sentinels.'),
      username: z.string().optional().describe('ACL user of the sentinels themselves.'),
      password: secret.optional().describe('Password of the sentinels themselves.'),
    })
    .optional()
    .describe('Asks sentinels where the master is; over TLS when the url is rediss://.'),
  certificateAuthorityFile: z
    .string()
    .optional()
    .describe('PEM that the certificate of rediss:// must come from.'),
  prefix: z
    .string()
    .regex(/^\{[A-Za-z0-9_-]+\}$/, 'must be one hash tag such as "{protem}"')
    .default('{protem}')
    .describe('Begins every key; one hash tag, so that a cluster keeps the ledger together.'),
});

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
      .describe(
        'An open revocation older than this stops issuing at its provider, and makes the broker not ready.',
      ),
    liveLeasesPerAgent: z
      .int()
      .min(1)
      .optional()
      .describe('The most leases that one agent may have live at once; without it there is no bound.'),
    liveLeases: z
      .int()
      .min(1)
      .optional()
      .describe('The most leases that may be live at once in all; without it there is no bound.'),
    liveLeasesPerTask: z
      .int()
      .min(1)
      .default(1000)
      .describe(
        'The most leases that one task may have live at once. All of them end in one step of the state store, in which nothing else is done: up to 0.1 ms for each.',
      ),
    liveLeasesPerTree: z
      .int()
      .min(1)
      .default(2000)
      .describe(
        'The most leases that a task and all that was delegated from it may have live at once: those end in one step as well.',
      ),
    subtaskDepth: z
      .int()
      .min(0)
      .max(8)
      .default(3)
      .describe('How many delegations may lead from a root task to a sub-task.'),
    subtasksPerTask: z.int().min(1).max(256).default(16).describe('The most sub-tasks of one task.'),
    subtasksPerTree: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .describe('The most sub-tasks below one root: all of them end in one step of the state store.'),
    stepsPerTask: z.int().min(1).max(100_000).default(1000).describe('The most steps that a task may have.'),
    issueRatePerAgent: rateSettings
      .optional()
      .describe('How often one agent may be issued a credential; without it as often as may be.'),
    issueRatePerTask: rateSettings
      .optional()
      .describe('How often a credential may be issued for one task; without it as often as may be.'),
    taskRatePerAgent: rateSettings
      .prefault({ most: 6000, within: '1m' })
      .describe('How often a task may be opened for one agent; sub-tasks have bounds of their own.'),
    retention: duration.default(604_800).describe('How long ended tasks and leases are kept.'),
  })
  .prefault({})
  .describe('How long things may take, and last.');

export const settingsSchema = z.strictObject({
  ...identitySections,
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address or name; 0.0.0.0 for every IPv4 address.'),
      port: port.default(8700).describe('0 takes any that is free.'),
      tls: tlsSettings.optional(),
    })
    .prefault({})
    .describe('Where the API listens.'),
  http: limitsSettings.prefault({}),
  console: consoleSettings.optional(),
  redis: redis.transform(passwordApart).describe('The state store.'),
  providers: z
    .record(name, z.looseObject({ kind: z.string().describe('Which kind of provider it is.') }))
    .describe('Who mints: a name each, its kind, and the settings of that kind.'),
  catalog: catalogSettings,
  tools: toolSettings,
  policy: z
    .strictObject({ directory: z.string().describe('Folder of *.cedar, the schema and cases.yaml.') })
    .describe('Where the policies are; relative to the settings file.'),
  hooks: hookSettings,
  signals: signalSettings,
  telemetry: z
    .strictObject({
      traces: z
        .boolean()
        .default(false)
        .describe(
          'Makes OpenTelemetry spans; needs the package @opentelemetry/api and an SDK that collects them.',
        ),
    })
    .prefault({})
    .describe('What is told to tracing; metrics are always there.'),
  approvals: approvalSettings.prefault({}),
  breakGlass: breakGlassSettings.prefault({}),
  notifications: notificationSettings,
  limits,
  delivery: z
    .strictObject({
      encryptTo: z
        .enum(['bound', 'any'])
        .default('bound')
        .describe(
          'Keys that secrets are encrypted to: `bound`, those only that the request was proved by, or that its token names; `any`, whatever a request says.',
        ),
    })
    .prefault({})
    .describe('How secrets are handed over.'),
  worker: z
    .strictObject({
      concurrency: z
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(16)
        .describe('Revocation jobs at once, per provider; a job holds up to 50 leases.'),
      metrics: z
        .strictObject({
          host: z.string().default('127.0.0.1').describe('Address or name.'),
          port: port.describe('0 takes any that is free.'),
        })
        .optional()
        .describe(
          'Where a process with the role of a worker shows GET /metrics; without it, nowhere but in the API.',
        ),
    })
    .prefault({})
    .describe('What a worker takes on.'),
  rollbackGuard: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .describe(
          'Where every process keeps how far the state store has come; on storage that is not the store.',
        ),
    })
    .optional()
    .describe(
      'Stops issuing when the state store comes back with less than it had; without it nothing notices.',
    ),
  canary: z
    .strictObject({
      entry: z.string().describe('The catalog entry that it asks for; policy has to permit it.'),
      parameters: z
        .record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]))
        .default({})
        .describe('Parameters of the request.'),
      every: duration.default(60).describe('How often, by one of the workers.'),
    })
    .optional()
    .describe(
      'A lease through the whole path, issued and revoked again and again; without it there is none.',
    ),
  audit: auditSettings,
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('The least that is logged. Lines are JSON, on standard output.'),
    })
    .prefault({})
    .describe('The log of the process.'),
  allowUnsafe: z
    .array(z.enum(unsafeNames))
    .default([])
    .describe('Names of what may be unsafe here, for trying things out.'),
});
