import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { loadPolicySettings, loadSettings, SettingsError } from '../../src/settings/load.js';
import { environment, load, problemsOf, sound, written } from './settings-file.js';

describe('settings that are sound', () => {
  test('come out whole, with their defaults, and cannot be changed', () => {
    const settings = load(sound);
    expect(settings).toMatchObject({
      listen: { host: '127.0.0.1', port: 8700 },
      limits: { longestTask: 86_400, mintTimeout: 10, longestOverdue: 120 },
      redis: { cluster: false, prefix: '{protem}' },
      worker: { concurrency: 16 },
      log: { level: 'info' },
      allowUnsafe: [],
      hooks: {},
    });
    expect(settings.policy.directory).toMatch(/^\/.*\/policy$/);
    expect(() => Object.assign(settings, { audience: 'x' })).toThrow(TypeError);
  });

  test('each provider is read by the schema of its kind, and each entry by that of its provider', () => {
    const settings = load(sound);
    expect(settings.providers.get('vault')).toMatchObject({
      kind: { kind: 'vault' },
      settings: { timeout: 5, revocationTimeout: 30 },
    });
    expect(settings.catalog.get('reports')).toMatchObject({
      maximumTtlSeconds: 3600,
      mint: { path: 'database/creds/reports', deliver: 'secret', method: 'read', static: false },
    });
  });

  test("the sandbox's own file is sound where its secrets are", () => {
    const file = fileURLToPath(new URL('../../../config/protem.yaml', import.meta.url));
    const names = ['AWS_SECRET', 'VAULT_SECRET', 'HOOK_SECRET'].map((name) => `PROTEM_SANDBOX_${name}`);
    const secrets = Object.fromEntries(
      names.map((name) => [name, `whsec_${Buffer.alloc(32).toString('base64')}`]),
    );
    const settings = loadSettings(file, { environment: secrets, kinds: providerKinds });
    expect([...settings.catalog.keys()]).toEqual([
      'reports-reader',
      'reports-slices',
      'reports-db',
      'payments-admin',
    ]);
    expect(() => loadSettings(file, { environment: {}, kinds: providerKinds })).toThrow(SettingsError);
  });

  test('whoever writes policies needs no secrets of the broker, and is told of what policies speak of', () => {
    const file = fileURLToPath(new URL('../../../config/protem.yaml', import.meta.url));
    const { policy, catalog, tools } = loadPolicySettings(file, { environment: {}, kinds: providerKinds });
    expect(policy.directory).toMatch(/^\/.*\/policy$/);
    expect(catalog.get('reports-db')?.mint).toMatchObject({ method: 'read' });
    expect([...tools.keys()]).toContain('s3.get');
    const without = (kinds: typeof providerKinds) => () =>
      loadPolicySettings(file, { environment: {}, kinds });
    expect(without(new Map())).toThrow('providers.aws.kind: "aws-sts" is none of');
    expect(without(providerKinds)).not.toThrow();
  });

  test('an override goes over everything, lists included', () => {
    const settings = load(sound, { PROTEM_AUDIENCE: 'https://from.environment' }, [
      [['audience'], 'https://over.ride'],
      [['issuers', '0', 'issuer'], 'https://other.example'],
      [['listen', 'port'], 9],
    ]);
    expect(settings.audience).toBe('https://over.ride');
    expect(settings.issuers[0]?.issuer).toBe('https://other.example');
    expect(settings.listen).toEqual({ host: '127.0.0.1', port: 9 });
  });
});

describe('what stands where', () => {
  test('the environment goes over the file, and a _FILE over the environment', () => {
    const file = written('rediss://from.file\n');
    expect(load(sound, { PROTEM_REDIS_URL: 'rediss://from.environment' }).redis.url).toBe(
      'rediss://from.environment',
    );
    expect(
      load(sound, { PROTEM_REDIS_URL: 'rediss://from.environment', PROTEM_REDIS_URL_FILE: file }).redis.url,
    ).toBe('rediss://from.file');
  });

  test.each([
    ['PROTEM_AUDIENCE', 'https://other.example', (s: ReturnType<typeof load>) => s.audience],
    ['PROTEM_LISTEN_HOST', '::1', (s: ReturnType<typeof load>) => s.listen.host],
    ['PROTEM_LISTEN_PORT', '8800', (s: ReturnType<typeof load>) => String(s.listen.port)],
    ['PROTEM_LOG_LEVEL', 'warn', (s: ReturnType<typeof load>) => s.log.level],
    ['PROTEM_REDIS_URL', 'rediss://r.example', (s: ReturnType<typeof load>) => s.redis.url],
    ['PROTEM_REDIS_USERNAME', 'protem', (s: ReturnType<typeof load>) => s.redis.username],
    ['PROTEM_REDIS_PASSWORD', 'pw', (s: ReturnType<typeof load>) => s.redis.password?.reveal() as string],
  ])('%s is read, from itself and from its file', (name, value, found) => {
    expect(found(load(sound, { [name]: value }))).toBe(value);
    expect(found(load(sound, { [`${name}_FILE`]: written(`${value}\n`) }))).toBe(value);
    expect(found(load(sound, { [name]: '' }))).toEqual(found(load(sound)));
  });

  test('a canary asks for an entry of the catalog, once a minute by default', () => {
    const [entry = ''] = Object.keys(sound.catalog);
    expect(load({ ...sound, canary: { entry } }).canary).toEqual({ entry, parameters: {}, every: 60 });
    expect(load(sound).canary).toBeUndefined();
    expect(problemsOf({ ...sound, canary: { entry: 'not-there' } })).toEqual([
      'canary.entry: there is no catalog entry "not-there"',
    ]);
  });

  test('what is not there at all is told as that', () => {
    const { redis: _redis, audience: _audience, ...rest } = sound;
    expect(problemsOf(rest)).toEqual(['audience: it is missing', 'redis: it is missing']);
  });

  test('a file that is named and cannot be read is a problem, not a default', () => {
    expect(problemsOf(sound, { PROTEM_REDIS_PASSWORD_FILE: '/does/not/exist' })).toEqual([
      'PROTEM_REDIS_PASSWORD_FILE: /does/not/exist cannot be read',
    ]);
  });

  test('a secret is named by an environment name or a file, and loses its last line end alone', () => {
    const redis = { ...sound.redis, password: { file: written(' canary \n') } };
    expect(load({ ...sound, redis }).redis.password?.reveal()).toBe(' canary ');
    const missing = { ...sound.redis, password: { env: 'NOT_THERE' } };
    expect(problemsOf({ ...sound, redis: missing })).toEqual([
      'redis.password: the environment has no NOT_THERE',
    ]);
    const empty = { ...sound.redis, password: { file: written('\n') } };
    expect(problemsOf({ ...sound, redis: empty })[0]).toMatch(/^redis\.password: .* cannot be read/);
  });

  test('a secret does not stand in the file itself', () => {
    expect(problemsOf({ ...sound, redis: { ...sound.redis, password: 'canary' } })[0]).toMatch(
      /^redis\.password: /,
    );
  });

  test('keys in a file are a file, and a claim named "env" is a claim: only secrets are looked up', () => {
    const rules = [{ where: { env: 'production' }, kind: 'agent', id: 'x:{{sub}}' }];
    const bundle = { file: '/etc/protem/bundle.json' };
    const settings = load({
      ...sound,
      issuers: [{ issuer: 'https://issuer.example', keys: { file: '/etc/protem/keys.json' }, rules }],
      trustDomains: [{ name: 'example.org', bundle, rules: [{ path: '/agent/*', kind: 'agent' }] }],
    });
    expect(settings.trustDomains[0]?.bundle).toEqual(bundle);
    expect(settings.issuers[0]?.keys).toEqual({ file: '/etc/protem/keys.json' });
  });
});

describe('settings that are not sound', () => {
  test('every problem is named at once, each with its path', () => {
    const problems = problemsOf({
      ...sound,
      surprise: 1,
      listen: { port: 70_000, hots: 'x' },
      redis: { url: 'redis://redis.example' },
      providers: {
        vault: { ...sound.providers.vault, timeouts: '5s' },
        other: { kind: 'azure' },
      },
      catalog: {
        reports: { ...sound.catalog.reports, mint: { path: 'x' } },
        lost: { ...sound.catalog.reports, provider: 'nobody' },
        upside: { ...sound.catalog.reports, defaultTtl: '2h' },
      },
    });
    for (const path of [
      '(top): ',
      'listen.port: ',
      'listen: ',
      'redis.url: ',
      'providers.vault',
      'providers.other.kind: ',
    ])
      expect(problems).toContainEqual(
        expect.stringMatching(new RegExp(`^${path.replace(/[.()]/g, '\\$&')}`)),
      );
    expect(problems.join('\n')).toContain('catalog.upside.defaultTtl');
    const Upper = sound.providers.vault;
    expect(problemsOf({ ...sound, providers: { ...sound.providers, Upper } })[0]).toMatch(
      /^providers\.Upper/,
    );
  });

  test('an entry is held against the provider it names, though another section is wrong', () => {
    const problems = problemsOf({
      ...sound,
      surprise: 1,
      catalog: {
        reports: { ...sound.catalog.reports, mint: { path: 'x' } },
        lost: { ...sound.catalog.reports, provider: 'nobody' },
      },
    });
    expect(problems).toContainEqual(expect.stringMatching(/^catalog\.reports\.mint\.policies: /));
    expect(problems).toContain('catalog.lost.provider: there is no provider "nobody"');
  });

  test('a provider that is wrong is one problem, and no entry is told that it is not there', () => {
    const problems = problemsOf({
      ...sound,
      providers: { vault: { ...sound.providers.vault, address: 'not a url' } },
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^providers\.vault\.address: /);
  });

  test.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['no YAML', 'a: [1'],
    ['the same key twice', 'audience: x\naudience: y'],
  ])('a file with %s is told by its name', (_name, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });

  test('a file that is not there is told by its name', () => {
    const options = { environment, kinds: providerKinds };
    expect(() => loadSettings('/does/not/exist.yaml', options)).toThrow(SettingsError);
    expect(() => loadSettings('/does/not/exist.yaml', options)).toThrow('/does/not/exist.yaml');
  });

  test.each([null, true, [], '', '80.5', ' 80', '0x50', 65_536, -1])('%j is no port', (port) => {
    expect(problemsOf({ ...sound, listen: { port } })[0]).toMatch(/^listen\.port: /);
  });

  test('a key of the language itself is an unknown key like any other', () => {
    const text = JSON.stringify(sound).replace(/^\{/, '{"__proto__":{"audience":"x"},');
    const problems = problemsOf(text);
    expect(problems.length).toBeLessThanOrEqual(1);
    expect(({} as { audience?: string }).audience).toBeUndefined();
  });
});
