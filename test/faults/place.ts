import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startIssuer } from '../../src/sandbox/issuer/issuer.js';
import { trustSettings } from '../../src/sandbox/issuer/trust-settings.js';
import type { Answer } from '../../src/sandbox/story/api-client.js';
import { startRedis } from '../stack/redis.js';
import type { RedisServer } from '../stack/redis.js';
import type { Client } from './client.js';
import { startRecordingProvider } from './recording-provider.js';
import type { RecordingProvider } from './recording-provider.js';

/** What stands around Protem in the fault suite: real Redis, an issuer, and recording providers. */
export interface Place {
  readonly redis: RedisServer;
  readonly provider: RecordingProvider;
  readonly providers: Readonly<Record<string, RecordingProvider>>;
  readonly directory: string;
  /** Writes a settings file; what is given goes over the usual, section by section. */
  configure(sections?: Readonly<Record<string, unknown>>): string;
  openTask(api: Client): Promise<Answer>;
  ask(api: Client, task: string, body?: object, idempotencyKey?: string): Promise<Answer>;
  end(api: Client, task: string): Promise<Answer>;
  release(api: Client, lease: string): Promise<Answer>;
  close(): Promise<void>;
}

/** `callTimeoutMs`: how long Protem waits for one call to a provider. */
export async function startPlace(
  names: readonly string[] = ['records'],
  callTimeoutMs = 2000,
): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'protem-faults-'));
  const redis = await startRedis();
  const issuer = await startIssuer({ trustDomain: 'faults.protem.example', audience: 'http://protem' });
  const providers: Record<string, RecordingProvider> = {};
  for (const name of names) providers[name] = await startRecordingProvider(join(directory, `${name}.jsonl`));
  writePolicy(directory, `${names[0]}-entry`);

  let token: { text: Promise<string>; madeAt: number } | undefined;
  const agentToken = () => {
    if (!token || Date.now() - token.madeAt > 120_000)
      token = {
        text: issuer.mintSvid(`spiffe://${issuer.trustDomain}/agent/reporter`),
        madeAt: Date.now(),
      };
    return token.text;
  };
  let configured = 0;
  return {
    redis,
    provider: providers[names[0]!]!,
    providers,
    directory,
    configure(sections = {}) {
      const file = join(directory, `protem-${++configured}.yaml`);
      const settings = {
        ...trustSettings(issuer),
        listen: { port: 0 },
        http: { requestsPerSecond: 100_000, requestsPerSecondPerPeer: 100_000 },
        redis: { url: redis.url },
        providers: Object.fromEntries(
          names.map((name) => [
            name,
            { kind: 'recording', address: providers[name]!.url, timeoutMs: callTimeoutMs },
          ]),
        ),
        catalog: Object.fromEntries(names.map((name) => [`${name}-entry`, entry(name)])),
        policy: { directory: join(directory, 'policy') },
        limits: { mintTimeout: '1s', revokeTimeout: '2s' },
        log: { level: 'warn' },
        ...sections,
      };
      writeFileSync(file, JSON.stringify(settings, undefined, 2));
      return file;
    },
    async openTask(api) {
      return api.post('/v1/tasks', await agentToken(), {
        intent: 'see what holds when processes are killed',
        deadline: '1h',
      });
    },
    async ask(api, task, body = {}, idempotencyKey) {
      return api.post(
        `/v1/tasks/${task}/credentials`,
        await agentToken(),
        { credential: `${names[0]}-entry`, ...body },
        idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
      );
    },
    end: async (api, task) => api.post(`/v1/tasks/${task}/end`, await agentToken(), {}),
    release: async (api, lease) => api.post(`/v1/leases/${lease}/revoke`, await agentToken(), {}),
    async close() {
      await Promise.all(Object.values(providers).map((provider) => provider.close()));
      await issuer.close();
      await redis.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function writePolicy(directory: string, credential: string): void {
  const policy = join(directory, 'policy');
  mkdirSync(policy);
  copyFileSync('config/policy/protem.cedarschema', join(policy, 'protem.cedarschema'));
  writeFileSync(join(policy, 'all.cedar'), '@id("all")\npermit (principal, action, resource);\n');
  const policyCase = { name: 'all', credential, expect: 'permit', policies: ['all'] };
  writeFileSync(join(policy, 'cases.yaml'), JSON.stringify([policyCase]));
}

const entry = (provider: string) => ({
  description: 'What the recording provider makes.',
  provider,
  sensitivity: 'internal',
  environment: 'test',
  riskTier: 1,
  maximumTtl: '1h',
  defaultTtl: '15m',
  parameters: {},
  mint: {},
});
