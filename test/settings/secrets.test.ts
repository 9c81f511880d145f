import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/kernel/secret.js';
import { SettingsError } from '../../src/settings/load.js';
import type { Settings } from '../../src/settings/load.js';
import { load, sound, written } from './settings-file.js';

describe('no secret is printed', () => {
  const canary = 'canary-0123456789';
  const printed = (value: unknown) =>
    [
      inspect(value, { depth: 20, showHidden: true }),
      JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Map ? [...inner] : inner)),
      String(value),
    ].join('\n');
  const withoutKinds = (settings: Settings) => ({
    ...settings,
    providers: [...settings.providers].map(([name, section]) => [name, section.settings]),
  });
  const secrets = (over: object = {}) => ({
    ...sound,
    redis: { ...sound.redis, password: { env: 'CANARY' } },
    providers: {
      vault: { ...sound.providers.vault, auth: { method: 'token', token: { env: 'CANARY' } } },
    },
    hooks: { ci: { scheme: 'bearer', secrets: [{ env: 'CANARY' }] } },
    ...over,
  });

  test('of settings that are sound', () => {
    const settings = load(secrets(), { CANARY: canary });
    expect(settings.redis.password?.reveal()).toBe(canary);
    expect(printed(withoutKinds(settings))).not.toContain(canary);
  });

  test('of settings that are not', () => {
    const broken = secrets({
      hooks: { ci: { scheme: 'standard-webhooks', secrets: [{ env: 'CANARY' }] } },
      log: { level: { env: 'CANARY' } },
      redis: { url: { env: 'CANARY' }, password: { env: 'CANARY' }, prefix: { file: written(canary) } },
      nothing: { env: 'CANARY' },
    });
    for (const over of [{}, { PROTEM_REDIS_PASSWORD: canary }, { PROTEM_LOG_LEVEL_FILE: written(canary) }])
      try {
        load(broken, { CANARY: canary, ...over });
        throw new Error('it was taken for sound');
      } catch (error) {
        expect(error).toBeInstanceOf(SettingsError);
        expect(printed(error)).not.toContain(canary);
      }
  });

  test('that stands in the address of the store', () => {
    const settings = load(sound, { PROTEM_REDIS_URL: `rediss://protem:${canary}%21@redis.example:6379/2` });
    expect(settings.redis.password).toBeInstanceOf(Secret);
    expect(settings.redis.password?.reveal()).toBe(`${canary}!`);
    expect(settings.redis.url).toBe('rediss://protem@redis.example:6379/2');
    expect(printed(withoutKinds(settings))).not.toContain(canary);
    const own = load(sound, {
      PROTEM_REDIS_URL: `rediss://:${canary}@redis.example`,
      PROTEM_REDIS_PASSWORD: 'named',
    });
    expect(own.redis.password?.reveal()).toBe('named');
    const broken = () => load(sound, { PROTEM_REDIS_URL: `rediss://:${canary}@redis example` });
    expect(broken).toThrow(SettingsError);
    expect(broken).not.toThrow(canary);
  });
});
