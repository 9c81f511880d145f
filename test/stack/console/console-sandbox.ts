import { randomBytes } from 'node:crypto';
import { compose } from '../../../src/compose.js';
import type { Running } from '../../../src/compose.js';
import { providerKinds } from '../../../src/issuance/providers/registry.js';
import { connectRedis, untilReady } from '../../../src/ledger/redis-connection.js';
import { startSandbox } from '../../../src/sandbox/sandbox.js';
import { apiClient } from '../../../src/sandbox/story/api-client.js';
import type { Answer, Json } from '../../../src/sandbox/story/api-client.js';
import { loadSettings } from '../../../src/settings/load.js';

export type Role = 'viewer' | 'admin';

/** The sandbox as an operator meets it, with the API as agents and tests use it beside the browser. */
export interface ConsoleSandbox {
  readonly url: string;
  /** A link that signs in olga, or somebody else, once, in this role. */
  link(role?: Role, who?: string): string;
  /** As the agent of this name, or as the `operator`, the `oncall` for emergencies, or the `orchestrator`. */
  call(as: string, method: string, path: string, body?: object): Promise<Answer>;
  openTask(agent: string, more?: object): Promise<string>;
  lease(agent: string, task: string, more?: object): Promise<string>;
  stateOf(lease: string): Promise<string>;
  /** The lease is as after seven attempts that its provider has not answered: src/ledger/lease-record.ts. */
  stick(lease: string): Promise<void>;
  /** The sessions of all operators are over, as after some hours. */
  endSessions(): Promise<void>;
  /** The broker goes away, and comes back at the same address. */
  away(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

export async function startConsoleSandbox(): Promise<ConsoleSandbox> {
  const sandbox = await startSandbox({ anyPorts: true });
  const settings = loadSettings('config/protem.yaml', {
    environment: { ...sandbox.environment, PROTEM_LOG_LEVEL: 'silent' },
    kinds: providerKinds,
    overrides: sandbox.overrides,
  });
  const links = new Map<string, { role: Role; sub: string }>();
  const redeem = async (link: string): Promise<string | undefined> => {
    const person = links.get(link);
    links.delete(link);
    return person && sandbox.issuer.mintToken({ ...person, kind: 'operator' });
  };
  const start = () => compose(settings, { api: true, worker: true }, { redeem });
  let running: Running = await start();
  const url = running.url!;
  const api = apiClient(url);
  const redis = connectRedis({ url: settings.redis.url }, 'asking');
  await untilReady(redis, 5000);

  const tokenOf = (name: string) =>
    name === 'operator'
      ? sandbox.issuer.mintToken({ sub: 'test', kind: 'operator', role: 'admin' })
      : name === 'oncall'
        ? sandbox.issuer.mintToken({ sub: 'oncall', kind: 'operator', role: 'breakglass' })
        : name === 'orchestrator'
          ? sandbox.issuer.mintToken({ sub: 'argo', kind: 'orchestrator' })
          : sandbox.issuer.mintSvid(`spiffe://${sandbox.issuer.trustDomain}/agent/${name}`);
  const call: ConsoleSandbox['call'] = async (as, method, path, body) =>
    api.call(method, path, await tokenOf(as), body);
  const made = (answer: Answer): Json => {
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    return answer.body as Json;
  };

  return {
    url,
    link(role = 'admin', who = 'olga') {
      const link = randomBytes(16).toString('hex');
      links.set(link, { role, sub: who });
      return `${url}/console/sign-in?once=${link}`;
    },
    call,
    async openTask(agent, more = {}) {
      const body = { intent: 'Summarise the reports', deadline: '1h', ...more };
      return String(made(await call(agent, 'POST', '/v1/tasks', body)).id);
    },
    async lease(agent, task, more = {}) {
      const body = { credential: 'reports-db', ttl: '15m', ...more };
      return String(made(await call(agent, 'POST', `/v1/tasks/${task}/credentials`, body)).lease.id);
    },
    stateOf: async (lease) => String(made(await call('operator', 'GET', `/v1/leases/${lease}`)).state),
    async stick(lease) {
      const key = `{protem}:${lease}`;
      const [head = '', body = ''] = ((await redis.get(key)) ?? '').split('\n');
      const [was, ...facts] = JSON.parse(head) as [string, provider: string, ...unknown[]];
      const more = { ...(facts.pop() as object), c: 'operator', q: 0, n: 7, l: 'provider.timeout' };
      await redis.set(key, `${JSON.stringify([`k${was.slice(1)}`, ...facts, more])}\n${body}`);
      await redis.hincrby('{protem}:counts', `a${facts[0]}`, -1);
      await redis.hincrby('{protem}:counts', `k${facts[0]}`, 1);
    },
    async endSessions() {
      await redis.del(...(await redis.keys('{protem}:session:*')));
    },
    away: () => running.close(),
    async back() {
      running = await start();
    },
    async close() {
      redis.disconnect();
      await running.close();
      await sandbox.close();
    },
  };
}
