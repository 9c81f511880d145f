import { setTimeout as wait } from 'node:timers/promises';
import { startOpenBao, openbaoProgram } from '../../test/stack/openbao.js';
import { postgresPrograms, startPostgres } from '../../test/stack/postgres.js';
import { startRedis } from '../../test/stack/redis.js';
import { seedOpenBao } from '../../test/stack/seed.js';
import { startWorld } from '../../test/stack/world.js';
import { clientOf } from '../../test/faults/client.js';
import { quantile, spreadOf } from './row.js';
import type { Row } from './row.js';
import { secretOf, startWatchingProxy } from './watching-proxy.js';
import type { Given } from './watching-proxy.js';

/** Tasks that are not counted: processes that have just started load and compile. */
const warmUp = 10;

interface Behind {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  /** How the credential is minted: the `mint` section of its catalog entry. */
  readonly mint: object;
  close(): Promise<unknown>;
}

/** Leases that OpenBao makes and ends by itself: one-time passwords of its SSH engine. */
export async function oneTimePasswords(): Promise<Behind | undefined> {
  const bao = openbaoProgram();
  if (bao === undefined) return undefined;
  const openbao = await startOpenBao(bao);
  await openbao.write('sys/mounts/ssh', { type: 'ssh' });
  await openbao.write('ssh/roles/otp', { key_type: 'otp', default_user: 'deploy', cidr_list: '0.0.0.0/0' });
  const policy = 'path "ssh/creds/otp" { capabilities = ["update"] }';
  await openbao.write('sys/policies/acl/otp', { policy });
  return {
    name: 'real OpenBao, SSH one-time passwords',
    url: openbao.url,
    token: openbao.rootToken.reveal(),
    mint: { policies: ['otp'], path: 'ssh/creds/otp', method: 'write', data: { ip: '127.0.0.1' } },
    close: () => openbao.close(),
  };
}

/** With PostgreSQL behind its database engine: what the database needs is in it. */
export async function databaseUsers(): Promise<Behind | undefined> {
  const bao = openbaoProgram();
  const programs = postgresPrograms();
  if (bao === undefined || Object.values(programs).includes(undefined)) return undefined;
  const [openbao, postgres] = await Promise.all([startOpenBao(bao), startPostgres(programs)]);
  await seedOpenBao(openbao, postgres);
  return {
    name: 'real OpenBao, users in PostgreSQL',
    url: openbao.url,
    token: openbao.rootToken.reveal(),
    mint: { policies: ['reports'], path: 'database/creds/reports' },
    close: async () => (await openbao.close(), postgres.close()),
  };
}

/** The end of a task, from its acknowledgement to Vault's own word that the lease is gone. */
export async function taskEndToGone(
  open: () => Promise<Behind | undefined>,
  perSecond: number,
  seconds: number,
): Promise<Row> {
  const [redis, world] = await Promise.all([startRedis(), startWorld()]);
  const place = world.providers['vault']!;
  const behind = (await open()) ?? {
    name: 'the stand-in; PROTEM_BAO names no OpenBao',
    url: place.vault.url,
    token: place.vault.rootToken.reveal(),
    mint: { policies: ['reports-readonly'], path: 'database/creds/reports-readonly' },
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
  let lastAckAt = 0;

  const one = async () => {
    const task = await client.post('/v1/tasks', token, { intent: 'measure the end', deadline: '1h' });
    const asked = await client.post(`/v1/tasks/${task.body.id}/credentials`, token, {
      credential: 'vault-db',
    });
    if (asked.status !== 201) throw new Error(`not granted: ${JSON.stringify(asked.body)}`);
    await wait(500);
    const ended = await client.post(`/v1/tasks/${task.body.id}/end`, token, {});
    if (ended.status !== 200) throw new Error(`not ended: ${ended.status}`);
    ackedAt.set(secretOf(asked.body.secret as Given), Date.now());
    lastAckAt = performance.now();
  };
  for (let n = 0; n < warmUp; n++) await one();
  ackedAt.clear();
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    await wait(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()));
    running.push(one());
  }
  await Promise.all(running);
  while (proxy.goneAt.size < running.length + warmUp) await wait(20);
  const late = proxy.given.flatMap(({ leaseId, secret }) => {
    const acked = ackedAt.get(secret);
    return acked === undefined ? [] : [Math.max(0, proxy.goneAt.get(leaseId)! - acked)];
  });
  const rate = running.length / ((lastAckAt - startedAt) / 1000);
  await world.close();
  await proxy.close();
  await redis.close();
  await behind.close();
  return {
    what: `task end acknowledged to the lease gone at Vault (${behind.name}), ${perSecond} tasks/s offered for ${seconds} s, ${Math.round(rate)}/s done`,
    measured: spreadOf(late),
    target: 'p99 <= 500 ms',
    met: quantile(late, 0.99) <= 500,
  };
}

const entry = ({ mint }: Behind) => ({
  description: 'A database user of its own.',
  provider: 'vault',
  sensitivity: 'internal',
  environment: 'bench',
  riskTier: 1,
  maximumTtl: '1h',
  defaultTtl: '15m',
  parameters: {},
  mint,
});
