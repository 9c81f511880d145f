import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeCertificate, opensslProgram, tlsParameters, tlsReach } from './certificate.js';
import type { Certificate } from './certificate.js';
import { eventually } from './eventually.js';
import { canRun, freePort } from './program.js';
import { documentedRights, redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('Redis behind Sentinel', { ...redisPrograms(), openssl: opensslProgram() });

(runs ? describe : describe.skip)('Redis behind Sentinel, all over TLS and with passwords', () => {
  let directory: string;
  let certificate: Certificate;
  let servers: RedisServer[];
  let sentinel: RedisServer;
  let world: World;
  let place: VaultPlace;
  let look: LedgerReader;
  let config: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'protem-sentinel-'));
    certificate = makeCertificate(directory);
    const ports = [await freePort(), await freePort()] as const;
    const server = (port: number, more: string[] = []) =>
      startRedis({
        port,
        parameters: [
          ...tlsParameters(certificate, port),
          ...['--user', 'protem', 'on', '>only-its-own', ...documentedRights()],
          ...['--user', 'default', 'on', '>of-servers', '~*', '&*', '+@all'],
          ...['--masterauth', 'of-servers', '--repl-diskless-sync-delay', '0', ...more],
        ],
        reach: [...tlsReach(certificate), '-a', 'of-servers', '--no-auth-warning'],
      });
    servers = [
      await server(ports[0]),
      await server(ports[1], ['--replicaof', '127.0.0.1', String(ports[0])]),
    ];
    sentinel = await startSentinel(ports[0]);
    world = await startWorld();
    place = world.providers['vault']!;
    writeFileSync(join(directory, 'redis-password'), 'only-its-own\n');
    writeFileSync(join(directory, 'sentinel-password'), 'of-sentinels\n');
    const settings = {
      url: 'rediss://sentinel',
      username: 'protem',
      sentinel: { name: 'main', addresses: [{ host: '127.0.0.1', port: sentinel.port }] },
    };
    config = world.configure({
      redis: {
        ...settings,
        password: { file: join(directory, 'redis-password') },
        sentinel: { ...settings.sentinel, password: { file: join(directory, 'sentinel-password') } },
        certificateAuthorityFile: certificate.authorityFile,
      },
    });
    look = await world.ledger({
      ...settings,
      password: 'only-its-own',
      sentinel: { ...settings.sentinel, password: 'of-sentinels' },
      certificateAuthority: readFileSync(certificate.authorityFile, 'utf8'),
    });
  }, 60_000);
  afterAll(async () => {
    await world?.close();
    await sentinel?.close();
    await Promise.all((servers ?? []).map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  });

  async function startSentinel(masterPort: number): Promise<RedisServer> {
    const port = await freePort();
    const file = join(directory, 'sentinel.conf');
    writeFileSync(
      file,
      [
        `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
        'sentinel auth-pass main of-servers',
        'sentinel down-after-milliseconds main 1000',
        'sentinel failover-timeout main 5000',
        'requirepass of-sentinels',
      ].join('\n'),
    );
    return startRedis({
      port,
      first: [file, '--sentinel'],
      parameters: tlsParameters(certificate, port),
      reach: [...tlsReach(certificate), '-a', 'of-sentinels', '--no-auth-warning'],
    });
  }

  test('when the master is killed in service, its replica takes over: leases are kept, issuing and revoking go on', async () => {
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const before = await world.askOften(api.api, task, 20);
    const [expiring] = await world.askOften(api.api, task, 1, { ttl: '3s' });
    await eventually('the sentinel knows the replica', () =>
      sentinel.cli('sentinel', 'replicas', 'main').includes(`127.0.0.1:${servers[1]!.port}`),
    );
    await eventually('the replica has everything', () => {
      const offset = (server: RedisServer) =>
        /master_repl_offset:(\d+)/.exec(server.cli('info', 'replication'))?.[1];
      return offset(servers[0]!) === offset(servers[1]!);
    });
    await servers[0]!.end('SIGKILL');
    const after = await eventually(
      'issuing goes on',
      async () => {
        const answer = await world.ask(api.api, task);
        if (answer.status !== 201) expect(answer.body.code).toBe('state.unavailable');
        return answer.status === 201 && answer.body;
      },
      20_000,
    );
    expect(servers[1]!.cli('info', 'replication')).toContain('role:master');
    for (const { lease } of before) await look.becomes(lease.id, 'active');
    await look.becomes(expiring.lease.id, 'revoked');
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    for (const { lease, secret } of [...before, after]) {
      await look.becomes(lease.id, 'revoked', 25_000);
      expect(await place.lets(secret)).toBe(false);
    }
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  }, 90_000);
});
