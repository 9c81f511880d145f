import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisSettings } from '../../src/ledger/redis-connection.js';
import { startIssuer } from '../../src/sandbox/issuer/issuer.js';
import { trustSettings } from '../../src/sandbox/issuer/trust-settings.js';
import type { Answer, Api, Json } from '../../src/sandbox/story/api-client.js';
import { signWebhook } from '../../src/sandbox/story/sign-webhook.js';
import { vaultSeed } from '../../src/sandbox/seed.js';
import { startVaultStandIn } from '../../src/sandbox/vault/stand-in.js';
import type { VaultStandIn } from '../../src/sandbox/vault/stand-in.js';
import { eventually } from './eventually.js';
import { startGate } from './gate.js';
import type { Gate } from './gate.js';
import { openLedger } from './ledger-reader.js';
import type { LedgerReader } from './ledger-reader.js';
import { startProtem } from './protem.js';
import type { Protem } from './protem.js';

/** Everything of Vault's API that takes a credential back. */
export const revoking = /\/sys\/leases\/revoke|\/revoke-accessor/;
/** The last thing that minting asks of Vault; the token of the lease exists by then. */
export const reading = /\/database\/creds\//;
/** The first. */
export const creating = /\/auth\/token\/create-orphan/;

export type { LedgerReader } from './ledger-reader.js';

export interface VaultPlace {
  readonly vault: VaultStandIn;
  /** What Protem knows as the provider's address. */
  readonly gate: Gate;
  lets(secret: Json): Promise<boolean>;
}

/** The outside of a broker under test, all on this machine; and the settings that make a broker live in it. */
export interface World {
  readonly providers: Readonly<Record<string, VaultPlace>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Writes a settings file; what is given goes over the usual, section by section. */
  configure(sections: Readonly<Record<string, unknown>>): string;
  start(role: 'api' | 'worker' | 'serve', config: string): Promise<Protem>;
  agentToken(): Promise<string>;
  openTask(api: Api): Promise<string>;
  ask(api: Api, task: string, more?: object): Promise<Answer>;
  /** Asks so often, a few at a time; throws unless each is granted. */
  askOften(api: Api, task: string, times: number, more?: object): Promise<readonly Json[]>;
  endByWebhook(api: Api, task: string): Promise<Answer>;
  ledger(redis: RedisSettings): Promise<LedgerReader>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** One Vault each. By default one, named `vault`. */
  readonly vaults?: readonly string[];
}

/**
 * The Vaults' clocks stand still: nothing in them ends by itself, so what is gone there was taken back.
 */
export async function startWorld({ vaults = ['vault'] }: WorldOptions = {}): Promise<World> {
  const closing: (() => Promise<unknown> | void)[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'protem-world-'));
  closing.push(() => rmSync(directory, { recursive: true, force: true }));
  const webhookSecret = `whsec_${randomBytes(24).toString('base64')}`;
  const vaultSecret = randomBytes(24).toString('base64');
  const issuer = await startIssuer({ trustDomain: 'world.example', audience: 'http://protem' });
  closing.push(issuer.close);

  const providers: Record<string, VaultPlace> = {};
  for (const name of vaults) {
    const startedAt = Date.now();
    const vault = await startVaultStandIn({ ...vaultSeed(vaultSecret), clock: () => startedAt });
    const gate = await startGate(vault.url);
    closing.push(
      () => vault.close(),
      () => gate.close(),
    );
    providers[name] = { vault, gate, lets: (secret) => connects(vault, secret) };
  }
  const policy = join(directory, 'policy');
  mkdirSync(policy);
  copyFileSync('config/policy/protem.cedarschema', join(policy, 'protem.cedarschema'));
  writeFileSync(join(policy, 'all.cedar'), '@id("all")\npermit (principal, action, resource);\n');
  const policyCase = { name: 'all', credential: `${vaults[0]}-db`, expect: 'permit', policies: ['all'] };
  writeFileSync(join(policy, 'cases.yaml'), JSON.stringify([policyCase]));

  const running = new Set<Protem>();
  const environment = { PROTEM_TEST_VAULT_SECRET: vaultSecret, PROTEM_TEST_HOOK_SECRET: webhookSecret };
  const agentToken = () => issuer.mintSvid(`spiffe://${issuer.trustDomain}/agent/reporter`);
  let configured = 0;
  const ask: World['ask'] = async (api, task, more = {}) =>
    api.call('POST', `/v1/tasks/${task}/credentials`, await agentToken(), {
      credential: `${vaults[0]}-db`,
      tool: 'sql.query',
      ...more,
    });
  return {
    providers,
    environment,
    directory,
    configure(sections) {
      const file = join(directory, `protem-${++configured}.yaml`);
      const settings = {
        ...trustSettings(issuer),
        listen: { port: 0 },
        providers: Object.fromEntries(vaults.map((name) => [name, vaultSettings(providers[name]!)])),
        catalog: Object.fromEntries(vaults.map((name) => [`${name}-db`, entry(name)])),
        policy: { directory: policy },
        hooks: {
          orchestrator: { scheme: 'standard-webhooks', secrets: [{ env: 'PROTEM_TEST_HOOK_SECRET' }] },
        },
        // So that what is left behind in the middle of minting is looked at after four seconds.
        limits: { mintTimeout: '2s', revokeTimeout: '3s' },
        ...sections,
      };
      writeFileSync(file, JSON.stringify(settings, undefined, 2));
      return file;
    },
    async start(role, config) {
      const protem = await startProtem(role, config, environment);
      running.add(protem);
      return protem;
    },
    agentToken,
    async openTask(api) {
      const opened = async () => {
        const { status, body } = await api.call('POST', '/v1/tasks', await agentToken(), {
          intent: 'see what holds when things break',
          deadline: '1h',
        });
        if (status === 201) return String(body.id);
        // A slow machine may keep its store from answering in time, and then the broker says so.
        if (status === 503) return undefined;
        throw new Error(`no task: ${status} ${JSON.stringify(body)}`);
      };
      return eventually('a task is opened', opened);
    },
    ask,
    async askOften(api, task, times, more) {
      const grants: Json[] = [];
      const askOn = async () => {
        while (grants.length < times) {
          const place = grants.push(undefined) - 1;
          const { status, body } = await ask(api, task, more);
          if (status !== 201) throw new Error(`not granted: ${status} ${JSON.stringify(body)}`);
          grants[place] = body;
        }
      };
      await Promise.all(Array.from({ length: 10 }, askOn));
      return grants;
    },
    endByWebhook(api, task) {
      const body = JSON.stringify({ type: 'task.completed', data: { task_id: task, status: 'completed' } });
      return api.deliver('/v1/hooks/orchestrator', signWebhook(webhookSecret, body), body);
    },
    async ledger(settings) {
      const reader = await openLedger(settings);
      closing.push(() => reader.close());
      return reader;
    },
    async close() {
      await Promise.all([...running].map((protem) => protem.kill()));
      for (const step of closing.splice(0).reverse()) await step();
    },
  };
}

const vaultSettings = ({ gate }: VaultPlace) => ({
  kind: 'vault',
  address: gate.url,
  auth: { method: 'approle', roleId: 'protem', secretId: { env: 'PROTEM_TEST_VAULT_SECRET' } },
});

const entry = (provider: string) => ({
  description: 'A database user of its own.',
  provider,
  sensitivity: 'internal',
  environment: 'test',
  riskTier: 1,
  maximumTtl: '1h',
  defaultTtl: '15m',
  parameters: {},
  mint: { path: 'database/creds/reports-readonly', policies: ['reports-readonly'] },
});

/** Whether the database behind the Vault lets the holder of the secret in. */
async function connects(vault: VaultStandIn, secret: Json): Promise<boolean> {
  const basic = Buffer.from(`${secret?.username}:${secret?.password}`).toString('base64');
  const { status } = await fetch(vault.databaseUrl, { headers: { authorization: `Basic ${basic}` } });
  if (status !== 200 && status !== 401) throw new Error(`the database answered ${status}`);
  return status === 200;
}
