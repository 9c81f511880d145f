import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canRun, freePort } from './program.js';
import { runProtem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { World } from './world.js';

const runs = canRun('refusals to start', redisPrograms());

(runs ? describe : describe.skip)('protem does not start', () => {
  let redis: RedisServer;
  let world: World;
  beforeAll(async () => {
    [redis, world] = await Promise.all([
      startRedis({ parameters: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'] }),
      startWorld(),
    ]);
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  const run = (config: string, role = 'serve') => runProtem([role, '-c', config], world.environment);

  test.each(['api', 'worker', 'serve'])(
    '(%s) on a store that evicts and forgets: 1, and each is named with the way to allow it',
    async (role) => {
      const { code, complaints } = await run(world.configure({ redis: { url: redis.url } }), role);
      expect(code).toBe(1);
      expect(complaints).toContain('maxmemory-policy is allkeys-lru');
      expect(complaints).toContain('allowUnsafe: [redis-eviction]');
      expect(complaints).toContain('the append-only file is off');
      expect(complaints).toContain('allowUnsafe: [redis-without-persistence]');
    },
  );

  test('and what is allowed by name is allowed, and said at every start', async () => {
    const one = world.configure({ redis: { url: redis.url }, allowUnsafe: ['redis-eviction'] });
    const { code, complaints } = await run(one);
    expect(code).toBe(1);
    expect(complaints).not.toContain('maxmemory-policy');
    expect(complaints).toContain('append-only file');

    const both = ['redis-eviction', 'redis-without-persistence'];
    const protem = await world.start(
      'serve',
      world.configure({ redis: { url: redis.url }, allowUnsafe: both }),
    );
    const warned = protem.log().filter(({ level }) => level === 40);
    expect(warned.map((line) => line['allowed'])).toEqual(both);
    expect(await protem.stop()).toBe(0);
  });

  test('with settings that are wrong in many ways: 2, and every one is told at once', async () => {
    const { code, complaints, output } = await run(
      world.configure({
        redis: { url: 'redis://10.1.2.3:6379', tsl: true },
        listne: {},
        issuers: [{ issuer: 'http://issuer.example', allowHttp: true, rules: [{ kind: 'agent', id: 'a' }] }],
        trustDomains: [
          {
            name: 'example.org',
            bundle: { url: 'http://bundle.example/' },
            allowHttp: true,
            rules: [{ path: '/a/*', kind: 'agent' }],
          },
        ],
        providers: {
          one: { kind: 'vualt' },
          two: { kind: 'vault', address: 'http://vault.example', auth: { method: 'none' }, nmaespace: 'x' },
          three: { kind: 'aws-sts', region: 'eu-central-1', endpoint: 'http://sts.example' },
        },
        catalog: { reports: { ...catalogEntry, provider: 'four' }, wide: { ...catalogEntry, mint: {} } },
        hooks: { ci: { scheme: 'github', secrets: [{ env: 'NOT_SET' }], tasks: { task: '/a' } } },
        limits: { mintTimeout: 'soon' },
      }),
    );
    expect(code).toBe(2);
    expect(output).toBe('');
    for (const said of [
      /\(top\): .*listne/,
      /redis: .*tsl/,
      /redis\.url: .*in clear.*allowUnsafe: \[redis-without-tls\]/,
      /issuers\.0\.issuer: .*allowUnsafe: \[issuer-over-http\]/,
      /trustDomains\.0\.bundle: .*allowUnsafe: \[issuer-over-http\]/,
      /providers\.one\.kind: "vualt" is none of aws-sts, vault/,
      /providers\.two\.auth/,
      /providers\.two: .*nmaespace/,
      /providers\.two: .*allowUnsafe: \[provider-over-http\]/,
      /providers\.three: .*allowUnsafe: \[provider-over-http\]/,
      /catalog\.reports\.provider: there is no provider "four"/,
      /catalog\.wide\.mint\.\w+: /,
      /hooks\.ci.*the environment has no NOT_SET/,
      /limits\.mintTimeout: /,
    ])
      expect(complaints).toMatch(said);
  });

  test('with sentinels or keys across the network in clear, whatever stands in redis.url and issuer', async () => {
    const { code, complaints } = await run(
      world.configure({
        redis: {
          url: 'redis://127.0.0.1',
          sentinel: { name: 'main', addresses: [{ host: '10.1.2.3', port: 26379 }] },
        },
        issuers: [
          {
            issuer: 'https://issuer.example',
            keys: { url: 'http://issuer.example/keys' },
            allowHttp: true,
            rules: [{ kind: 'agent', id: 'a' }],
          },
        ],
      }),
    );
    expect(code).toBe(2);
    expect(complaints).toMatch(/redis\.sentinel\.addresses\.0: .*allowUnsafe: \[redis-without-tls\]/);
    expect(complaints).toMatch(/issuers\.0\.keys: .*allowUnsafe: \[issuer-over-http\]/);
  });

  test.each([
    ['is not there', undefined, /no such file/],
    ['is not YAML', 'redis: [', /it is not YAML: .* at line 1/],
    ['is empty', '', /redis: /],
  ])('when the settings file %s: 2', async (_, text, said) => {
    const file = join(world.directory, 'odd.yaml');
    if (text !== undefined) writeFileSync(file, text);
    const { code, complaints } = await run(text === undefined ? `${file}.not` : file);
    expect(code).toBe(2);
    expect(complaints).toContain('odd.yaml');
    expect(complaints).toMatch(said);
    expect(complaints).not.toMatch(/^\s+at /m);
  });

  test('when Redis does not let it in, or is not there: 1, with what was in the way and without the password', async () => {
    const nowhere = await freePort();
    const absent = run(world.configure({ redis: { url: `redis://127.0.0.1:${nowhere}` } }), 'worker');
    const guarded = await startRedis({
      parameters: ['--requirepass', 'right-password'],
      reach: ['-a', 'right-password', '--no-auth-warning'],
    });
    const config = world.configure({ redis: { url: guarded.url, password: { env: 'WRONG' } } });
    const { code, complaints, output } = await runProtem(['api', '-c', config], {
      ...world.environment,
      WRONG: 'wrong-password',
    });
    await guarded.close();
    expect(code).toBe(1);
    expect(complaints).toContain('WRONGPASS');
    expect(complaints + output).not.toContain('wrong-password');
    expect((await absent).code).toBe(1);
    expect((await absent).complaints).toContain(`ECONNREFUSED 127.0.0.1:${nowhere}`);
  });

  test('when its own port is taken: 1, with which', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const { code, complaints } = await run(
      world.configure({
        redis: { url: redis.url },
        listen: { port },
        allowUnsafe: ['redis-eviction', 'redis-without-persistence'],
      }),
    );
    taken.close();
    expect(code).toBe(1);
    expect(complaints).toContain(`Something listens on 127.0.0.1:${port} already.`);
  });

  test('as a sandbox with NODE_ENV=production: 1', async () => {
    const { code, complaints, output } = await runProtem(['dev', '--once'], { NODE_ENV: 'production' });
    expect(code).toBe(1);
    expect(complaints).toContain('NODE_ENV=production');
    expect(output).toBe('');
  });
});

const catalogEntry = {
  description: 'd',
  provider: 'three',
  sensitivity: 'internal',
  environment: 'test',
  riskTier: 1,
  maximumTtl: '1h',
  defaultTtl: '15m',
  parameters: {},
  mint: { role: 'arn:aws:iam::111122223333:role/r' },
};
