import { describe, expect, test } from '@jest/globals';
import { unsafeNames } from '../../src/settings/schema.js';
import { problemsOf, sound } from './settings-file.js';

describe('OPS-08: what is unsafe is refused unless it is allowed by its name', () => {
  const issuer = { ...sound.issuers[0]!, allowHttp: true };
  const trusting = (bundle: object) => ({
    trustDomains: [
      { name: 'example.org', bundle, allowHttp: true, rules: [{ path: '/agent/*', kind: 'agent' }] },
    ],
  });
  const vaultAt = (address: string) => ({ providers: { vault: { ...sound.providers.vault, address } } });
  const sentinel = (host: string) => ({ name: 'm', addresses: [{ host, port: 26_379 }] });

  test.each([
    ['redis-without-tls', { redis: { url: 'redis://redis.example' } }],
    ['redis-without-tls', { redis: { url: 'redis://127.0.0.1', sentinel: sentinel('10.0.0.1') } }],
    ['issuer-over-http', { issuers: [{ ...issuer, issuer: 'http://issuer.example' }] }],
    ['issuer-over-http', { issuers: [{ ...issuer, keys: { url: 'http://keys.example/jwks' } }] }],
    ['issuer-over-http', trusting({ url: 'http://bundle.example' })],
    ['provider-over-http', vaultAt('http://vault.example:8200')],
    ['provider-over-http', vaultAt('HTTP://vault.example:8200')],
    ['provider-over-http', vaultAt('http://127.0.0.1.example')],
  ])('%s: %j', (name, over) => {
    const settings = { ...sound, ...over };
    const problems = problemsOf(settings);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`allowUnsafe: [${name}]`);
    expect(problemsOf({ ...settings, allowUnsafe: [name] })).toEqual([]);
    const others = unsafeNames.filter((other) => other !== name);
    expect(problemsOf({ ...settings, allowUnsafe: others })).toEqual(problems);
  });

  test.each([
    { redis: { url: 'redis://localhost' } },
    { redis: { url: 'redis://[::1]:6379' } },
    { redis: { url: 'redis://127.0.0.1', sentinel: sentinel('127.0.0.1') } },
    { redis: { url: 'rediss://redis.example', sentinel: sentinel('10.0.0.1') } },
    { issuers: [{ ...issuer, issuer: 'http://127.0.0.1:8701' }] },
    trusting({ url: 'http://localhost/bundle' }),
    vaultAt('http://127.0.0.1:8200'),
  ])("this machine is nobody else's wire: %j", (over) => {
    expect(problemsOf({ ...sound, ...over })).toEqual([]);
  });

  test('a name that does not exist is a problem', () => {
    expect(problemsOf({ ...sound, allowUnsafe: ['everything'] })[0]).toMatch(/^allowUnsafe\.0: /);
  });
});
