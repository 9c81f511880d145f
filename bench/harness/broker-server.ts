import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import { openAdmission } from '../../src/broker/admission.js';
import { openBreaker } from '../../src/broker/breaker.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { flood } from '../../src/broker/flood.js';
import type { Ports } from '../../src/broker/ports.js';
import { limitsSettings } from '../../src/http/limits.js';
import { prometheusMeter } from '../../src/http/prometheus-meter.js';
import { createHttpServer } from '../../src/http/server.js';
import { createIdentify } from '../../src/identity/identify.js';
import { identitySettings } from '../../src/identity/identity-settings.js';
import type { Provider } from '../../src/issuance/provider.js';
import { openAwsSts } from '../../src/issuance/providers/aws-sts/index.js';
import { settings as awsSettings } from '../../src/issuance/providers/aws-sts/settings.js';
import { Secret } from '../../src/kernel/secret.js';
import { connectRedis, untilReady } from '../../src/ledger/redis-connection.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import { bullmqRevocationQueue } from '../../src/revocation/bullmq-revocation-queue.js';
import { answerParent } from './child.js';
import { benchCatalog, benchTools } from './policies.js';

/** The broker's own HTTP path, whole: token, policy, reservation, mint, audit, answer. Only the provider is chosen. */
interface Config {
  readonly redisUrl: string;
  readonly policies: string;
  readonly identity: object;
  readonly aws?: {
    readonly endpoint: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

const config = JSON.parse(process.argv[2]!) as Config;

/** Mints in this process, so that what is measured is the broker. */
const inProcess: Provider = {
  name: 'bench',
  kind: 'bench',
  minimumTtlSeconds: () => 1,
  maximumTtlSeconds: 86_400,
  effect: () => 'revoked_at_provider',
  plan: ({ leaseId }) => ({ lease: leaseId }),
  issue: ({ leaseId, ttlSeconds }) =>
    Promise.resolve({
      secret: new Secret({ username: leaseId, password: 'bench-password-of-24-by' }),
      expiresAt: Date.now() + ttlSeconds * 1000,
    }),
  revoke: () => Promise.resolve({ is: 'revoked' }),
  check: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

const awsMint = {
  role: 'arn:aws:iam::111122223333:role/jit/reports-reader',
  sessionPolicy: {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-reports/{{prefix}}*' },
    ],
  },
};

function provider(): Provider {
  if (!config.aws) return inProcess;
  const { endpoint, accessKeyId, secretAccessKey } = config.aws;
  const credentials = { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
  return openAwsSts(
    'bench',
    awsSettings.parse({ region: 'eu-central-1', endpoint, credentials }),
  ) as Provider;
}

const redis = connectRedis({ url: config.redisUrl }, 'asking');
await untilReady(redis, 5000);
const ledger = redisLedger(redis);
await ledger.check();
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };
const admission = openAdmission({ ledger, limits: { longestOverdueMs: 60_000 }, log });
await admission.look();
setInterval(() => void admission.look(), 1000).unref();
const bench = provider();
const policy = loadPolicy({
  directory: config.policies,
  tools: benchTools,
  catalog: benchCatalog('bench', config.aws ? awsMint : { path: 'reports/{{prefix}}' }),
});
const metrics = prometheusMeter({ version: 'bench' });
const ports: Ports = {
  identify: createIdentify(identitySettings.parse(config.identity), {
    clock: ledger.clock,
    proofs: ledger.proofs(undefined),
    listeningAt: () => undefined,
  }),
  endedAt: () => undefined,
  installation: 'bench',
  policy: () => policy,
  providers: new Map([['bench', bench]]),
  ledger,
  inventory: { agents: new Map(), ownersNeeded: false },
  risk: () => 0,
  contextDigest: () => policy.digest,
  queue: bullmqRevocationQueue(redis, '{protem}'),
  breakers: { issuing: openBreaker(), revoking: openBreaker() },
  admission,
  flood: flood((event) => ledger.log.record(event)),
  readHook: () => undefined,
  readSignal: () => undefined,
  hookMayEnd: () => true,
  meter: metrics,
  log,
  limits: {
    longestTaskSeconds: 86_400,
    mintTimeoutMs: 10_000,
    revokeTimeoutMs: 10_000,
    endWithProof: false,
    longestOverdueMs: 60_000,
    approvals: approvalLimits(approvalSettings.parse({})),
    breakGlassMaximumSeconds: 900,
  },
};
const { server } = createHttpServer({
  broker: createBroker(ports),
  limits: limitsSettings.parse({ requestsPerSecond: 1_000_000, requestsPerSecondPerPeer: 1_000_000 }),
  clock: ledger.clock,
  metrics,
  log,
  version: 'bench',
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
answerParent((server.address() as AddressInfo).port);
