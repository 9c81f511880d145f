import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeCertificate, opensslProgram, tlsParameters, tlsReach } from './certificate.js';
import type { Certificate } from './certificate.js';
import { canRun, freePort } from './program.js';
import { runProtem } from './protem.js';
import { documentedRights, redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { revoking, startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('Redis over TLS with a user of its own', {
  ...redisPrograms(),
  openssl: opensslProgram(),
});

(runs ? describe : describe.skip)('Redis over TLS, with a user that has the least rights', () => {
  let directory: string;
  let certificate: Certificate;
  let redis: RedisServer;
  let world: World;
  let place: VaultPlace;
  let look: LedgerReader;
  let url: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'protem-tls-'));
    certificate = makeCertificate(directory);
    const port = await freePort();
    [redis, world] = await Promise.all([
      startRedis({
        port,
        parameters: [
          ...tlsParameters(certificate, port),
          ...['--user', 'protem', 'on', '>only-its-own', ...documentedRights()],
          ...['--user', 'default', 'on', '>of-the-operator', '~*', '&*', '+@all'],
        ],
        reach: [...tlsReach(certificate), '-a', 'of-the-operator', '--no-auth-warning'],
      }),
      startWorld(),
    ]);
    place = world.providers['vault']!;
    url = `rediss://127.0.0.1:${port}`;
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const configure = (more: object = {}) =>
    world.configure({
      redis: {
        url,
        username: 'protem',
        password: { file: join(directory, 'password') },
        certificateAuthorityFile: certificate.authorityFile,
        ...more,
      },
    });

  test('everything works: asked, expired, ended, a worker killed in the middle; and Redis refuses nothing', async () => {
    writeFileSync(join(directory, 'password'), 'only-its-own\n');
    const config = configure();
    redis.cli('acl', 'log', 'reset');
    const api = await world.start('api', config);
    const killed = await world.start('worker', config);
    const task = await world.openTask(api.api);
    const [expiring] = await world.askOften(api.api, task, 1, { ttl: '1s' });
    const ending = await world.askOften(api.api, task, 30);
    look = await world.ledger({
      url,
      username: 'protem',
      password: 'only-its-own',
      certificateAuthority: readFileSync(certificate.authorityFile, 'utf8'),
    });
    await look.becomes(expiring.lease.id, 'revoked');
    const held = place.gate.hold(revoking, 'before');
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    await held.reached;
    await killed.kill();
    place.gate.open();
    const worker = await world.start('worker', config);
    for (const { lease } of ending) await look.becomes(lease.id, 'revoked', 20_000);
    expect((await api.api.call('GET', '/readyz')).status).toBe(200);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
    expect(redis.cli('acl', 'log')).toBe('');
  }, 60_000);

  test('its user can reach no other key, and nothing of the server', async () => {
    const { redis: client } = look;
    for (const command of [
      ['get', 'other'],
      ['set', '{protem2}:x', '1'],
      ['keys', '*'],
      ['scan', '0'],
      ['flushall'],
      ['config', 'get', '*'],
      ['acl', 'list'],
      ['eval', "return redis.call('get', 'other')", '0'],
      ['script', 'flush'],
      ['client', 'list'],
      ['publish', 'channel', 'x'],
      ['shutdown'],
    ])
      await expect(client.call(command[0]!, ...command.slice(1))).rejects.toThrow(/NOPERM|can't access/);
  });

  test('a certificate that another authority has made is refused at the start', async () => {
    const other = mkdtempSync(join(tmpdir(), 'protem-tls-'));
    const { authorityFile } = makeCertificate(other);
    const { code, complaints } = await runProtem(
      ['api', '-c', configure({ certificateAuthorityFile: authorityFile })],
      world.environment,
    );
    rmSync(other, { recursive: true, force: true });
    expect(code).toBe(1);
    expect(complaints).toMatch(/certificate|signature/i);
  }, 40_000);
});
