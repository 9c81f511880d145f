import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { Secret } from '../kernel/secret.js';
import { startAwsStandIn } from './aws/stand-in.js';
import type { TrailEvent } from './aws/trail.js';
import { startIssuer } from './issuer/issuer.js';
import type { SandboxIssuer } from './issuer/issuer.js';
import { portOrFree } from './port.js';
import { awsSeed, vaultSeed } from './seed.js';
import { startValkey } from './valkey/start-valkey.js';
import { startVaultStandIn } from './vault/stand-in.js';

/** The outside world on this machine: real protocols, real enforcement, and nothing durable. */
export interface Sandbox {
  readonly issuer: SandboxIssuer;
  readonly awsUrl: string;
  /** Of the broker's access key there. */
  readonly awsSecret: string;
  /** What CloudTrail would tell of the calls to it, oldest first. */
  readonly awsTrail: () => readonly TrailEvent[];
  readonly databaseUrl: string;
  readonly webhookSecret: string;
  /** Settings that follow from where things really listen, by path. */
  readonly overrides: readonly (readonly [path: readonly string[], value: unknown])[];
  /** Secrets that the settings look up by name. */
  readonly environment: Readonly<Record<string, string>>;
  /** What listens where, for people. */
  readonly places: readonly (readonly [what: string, where: string])[];
  s3(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }): S3Client;
  close(): Promise<void>;
}

/** Signs checkpoints of the audit log; a new one with every start. */
const auditKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const trustDomain = 'sandbox.protem.example';

const usualPorts = [8700, 8701, 8702, 8703, 8704];

/**
 * Starts everything at the ports of config/protem.yaml, or at free ones where those are taken. `anyPorts` asks for free
 * ones at once: two sandboxes that start together would both find the usual ones free.
 */
export async function startSandbox({ anyPorts = false } = {}): Promise<Sandbox> {
  const random = (prefix = '') => prefix + randomBytes(24).toString('base64');
  const [awsSecret, vaultSecret, webhookSecret] = [random(), random(), random('whsec_')];
  const [apiPort, issuerPort, awsPort, vaultPort, valkeyPort] = await Promise.all(
    usualPorts.map((port) => portOrFree(anyPorts ? 0 : port)),
  );
  const audience = `http://127.0.0.1:${apiPort}`;
  const [valkey, issuer, aws, vault] = await Promise.all([
    startValkey(valkeyPort),
    startIssuer({ port: issuerPort!, trustDomain, audience }),
    startAwsStandIn(awsSeed(awsSecret), { port: awsPort! }),
    startVaultStandIn({ port: vaultPort!, ...vaultSeed(vaultSecret) }),
  ]);
  return {
    issuer,
    awsUrl: aws.url,
    awsSecret,
    awsTrail: aws.trail,
    databaseUrl: vault.databaseUrl,
    webhookSecret,
    overrides: [
      [['audience'], audience],
      [['listen', 'port'], apiPort],
      [['console', 'url'], audience],
      [['redis', 'url'], valkey.url],
      [['audit', 'signingKey'], new Secret(auditKey())],
      // Nobody who tries things wants to wait for the next.
      [['audit', 'checkpointEvery'], '1s'],
      [['trustDomains', '0', 'bundle', 'url'], issuer.bundleUrl],
      [['issuers', '0', 'issuer'], issuer.url],
      [['providers', 'aws', 'endpoint'], aws.url],
      [['providers', 'vault', 'address'], vault.url],
    ],
    environment: {
      PROTEM_SANDBOX_AWS_SECRET: awsSecret,
      PROTEM_SANDBOX_VAULT_SECRET: vaultSecret,
      PROTEM_SANDBOX_HOOK_SECRET: webhookSecret,
    },
    places: [
      ['Protem', audience],
      ['identity issuer', issuer.url],
      ['AWS stand-in (STS, IAM, S3)', aws.url],
      ['Vault stand-in', vault.url],
      ['the database behind it', vault.databaseUrl],
      ['Valkey, real, embedded', valkey.url],
    ],
    s3: (credentials) =>
      new S3Client({
        region: aws.region,
        endpoint: aws.url,
        forcePathStyle: true,
        credentials,
        maxAttempts: 1,
      }),
    async close() {
      await Promise.all([issuer.close(), aws.close(), vault.close()]);
      await valkey.close();
    },
  };
}
