import { setTimeout as wait } from 'node:timers/promises';
import { startOpenBao, openbaoProgram } from '../../test/stack/openbao.js';
import { postgresPrograms, startPostgres } from '../../test/stack/postgres.js';
import { startRedis } from '../../test/stack/redis.js';
import { seedOpenBao } from '../../test/stack/seed.js';
import { startWorld } from '../../test/stack/world.js';
import { clientOf } from '../../test/faults/client.js';
import { quantile, spreadOf } from './row.js';
import type { Row } from './row.js';
import { startWatchingProxy } from './watching-proxy.js';

const perSecond = 50;
const target = 'p99 <= 500 ms';

interface Behind {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly path: string;
  readonly policies: readonly string[];
  close(): Promise<unknown>;
}

/** Real OpenBao with real PostgreSQL behind its database engine. */
async function openBao(): Promise<Behind | undefined> {
  const bao = openbaoProgram();
  const programs = postgresPrograms();
  if (bao === undefined || Object.values(programs).includes(undefined)) return undefined;
  const [openbao, postgres] = await Promise.all([startOpenBao(bao), startPostgres(programs)]);
  await seedOpenBao(openbao, postgres);
  return {
    name: 'real OpenBao, users in PostgreSQL',
    url: openbao.url,
    token: openbao.rootToken.reveal(),
    path: 'database/creds/reports',
    policies: ['reports'],
    close: async () => (await openbao.close(), postgres.close()),
  };
}

/** The end of a task, from its acknowledgement to Vault's own word that the lease is gone. */
export async function taskEndToGone(seconds: number): Promise<Row> {
  const [redis, world] = await Promise.all([startRedis(), startWorld()]);
  const place = world.providers['vault']!;
  const behind = (await openBao()) ?? {
    name: 'the stand-in; PROTEM_BAO names no OpenBao',
    url: place.vault.url,
    token: place.vault.rootToken.reveal(),
    path: 'database/creds/reports-readonly',
    policies: ['reports-readonly'],
    close: () => Promise.resolve(),
  };
  const proxy = await startWatchingProxy(behind.url);
  const config = world.configure({
    redis: { url: redis.url },
    providers: {
      vault: {
        kind: 'vault',
        address: proxy.url,
        auth: { method: 'token', token: { env: 'PROTEM_BENCH_VAULT_TOKEN' } },
      },
    },
    catalog: { 'vault-db': entry(behind) },
    allowUnsafe: ['provider-over-http', 'redis-without-tls', 'issuer-over-http'],
    limits: {},
  });
  Object.assign(world.environment, { PROTEM_BENCH_VAULT_TOKEN: behind.token });
  const [{ url }] = await Promise.all([
    world.start('api', config).then(async (api) => await api.says('protem is running')),
    world.start('worker', config),
  ]);
  const client = clientOf(url!);
  const token = await world.agentToken();
  const ackedAt = new Map<string, number>();

  const one = async () => {
    const task = await client.post('/v1/tasks', token, { intent: 'measure the end', deadline: '1h' });
    const asked = await client.post(`/v1/tasks/${task.body.id}/credentials`, token, {
      credential: 'vault-db',
    });
    if (asked.status !== 201) throw new Error(`not granted: ${JSON.stringify(asked.body)}`);
    await wait(500);
    const ended = await client.post(`/v1/tasks/${task.body.id}/end`, token, {});
    if (ended.status !== 200) throw new Error(`not ended: ${ended.status}`);
    ackedAt.set(String(asked.body.secret.username), Date.now());
  };
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    await wait(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()));
    running.push(one());
  }
  await Promise.all(running);
  while (proxy.goneAt.size < running.length) await wait(20);
  const late = proxy.read.map(({ leaseId, username }) =>
    Math.max(0, proxy.goneAt.get(leaseId)! - ackedAt.get(username)!),
  );
  const rate = running.length / ((performance.now() - startedAt) / 1000);
  await world.close();
  await proxy.close();
  await redis.close();
  await behind.close();
  return {
    what: `task end acknowledged to the lease gone at Vault (${behind.name}), ${Math.round(rate)} tasks/s for ${seconds} s`,
    measured: spreadOf(late),
    target,
    met: quantile(late, 0.99) <= 500,
  };
}

const entry = ({ path, policies }: Behind) => ({
  description: 'A database user of its own.',
  provider: 'vault',
  sensitivity: 'internal',
  environment: 'bench',
  riskTier: 1,
  maximumTtl: '1h',
  defaultTtl: '15m',
  parameters: {},
  mint: { path, policies },
});
