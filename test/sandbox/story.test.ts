import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tellAll } from '../../src/sandbox-command.js';
import { worldOf } from '../../src/sandbox-world.js';
import { copyPolicy } from '../../src/sandbox/policy-folder.js';
import type { PolicyCopy } from '../../src/sandbox/policy-folder.js';
import type { World } from '../../src/sandbox/story/world.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';

let broker: Awaited<ReturnType<typeof startSandboxBroker>>;
let policy: PolicyCopy;
let world: World;

beforeAll(async () => {
  policy = await copyPolicy('config/policy');
  broker = await startSandboxBroker({
    'policy.directory': policy.directory,
    'audit.checkpointEvery': '1s',
  });
  world = await worldOf(broker.sandbox, broker.places.api, policy);
}, 120_000);
afterAll(async () => {
  await broker?.close();
  await policy?.close();
});

test('the story of the sandbox is told in both acts, and every step does what it should', async () => {
  const said: string[] = [];
  expect(await tellAll(world, (line) => said.push(line))).toEqual([]);
  const steps = said.flatMap((line) => /^\n?(\d+) /.exec(line)?.[1] ?? []).map(Number);
  expect(steps).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  expect(said.join('\n')).not.toMatch(/should not be so|undefined|NaN|Infinity/);
}, 120_000);

test('a world in which nothing is ever taken back, and a verifier that finds nothing, are noticed', async () => {
  const wrong = await tellAll(
    {
      ...world,
      useDatabase: () => Promise.resolve({ allowed: true, said: 'allowed' }),
      proof: { ...world.proof, verify: () => Promise.resolve({ exitCode: 0, said: ['the log is whole'] }) },
    },
    () => undefined,
  );
  expect(wrong).toEqual([
    'the database user is refused',
    'the approved credential is refused',
    'what was taken back is refused',
    'the credential of the sub-task is refused',
    'a changed record is found',
    'an end that was cut off is found',
  ]);
}, 120_000);

test('AUD-05: of all tokens that were shown and secrets that were handed over in it, none is in the audit log', async () => {
  const secret = new Set<string>();
  const call: World['api']['call'] = async (method, path, token, body) => {
    const answer = await world.api.call(method, path, token, body);
    const handed = (answer.body?.secret ?? {}) as Record<string, unknown>;
    for (const name of ['SecretAccessKey', 'SessionToken', 'password'])
      if (typeof handed[name] === 'string') secret.add(handed[name]);
    // The signature is what a token is worth.
    if (token !== undefined) secret.add(token.split('.').at(-1)!);
    return answer;
  };
  expect(await tellAll({ ...world, api: { ...world.api, call } }, () => undefined)).toEqual([]);
  const log = (await world.proof.exportLog()).join('\n');
  expect(secret.size).toBeGreaterThan(8);
  expect([...secret].filter((text) => log.includes(text))).toEqual([]);
  expect(log).toContain('lease.reserved');
}, 120_000);

test('a story that breaks off is not told', async () => {
  const silent = { ...world, api: { ...world.api, call: () => Promise.reject(new Error('no answer')) } };
  expect(await tellAll(silent, () => undefined)).toEqual(['the story broke off: no answer']);
});
