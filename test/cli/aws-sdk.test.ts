import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ProtemClient } from '../../src/sdk/index.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { protem } from './protem.js';

jest.setTimeout(180_000);

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let client: ProtemClient;
let token: string;
const directory = mkdtempSync(join(tmpdir(), 'protem-aws-'));

beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const body = new URLSearchParams({ subject: 'reporter' });
  const response = await fetch(`${sandbox.places.issuer}/token`, { method: 'POST', body });
  token = ((await response.json()) as { access_token: string }).access_token;
  client = new ProtemClient({ url: sandbox.places.api, token, releaseOnExit: false });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

/** A program that knows nothing of Protem: the AWS SDK with what it finds by itself. It reads a report for each line. */
const program = `
import { createRequire } from 'node:module';
const { S3Client, GetObjectCommand } = createRequire('${pathToFileURL(resolve('package.json')).href}')('@aws-sdk/client-s3');
const make = () => new S3Client({ region: 'eu-central-1', endpoint: process.env.SANDBOX_AWS, forcePathStyle: true, maxAttempts: 1 });
let s3 = make();
for await (const line of process.stdin) {
  if (String(line).includes('anew')) s3 = make();
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'acme-reports', Key: 'reports/2026/q3.csv' }));
    console.log('read ' + (await Body.transformToString()).length + ' characters.');
  } catch (error) {
    console.log('refused: ' + error.name + '.');
  }
}`;

const environment = () => ({
  PROTEM_URL: sandbox.places.api,
  PROTEM_TOKEN: token,
  SANDBOX_AWS: sandbox.places.aws,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
});
const script = () => {
  const file = join(directory, 'program.mjs');
  writeFileSync(file, program);
  return file;
};
const opened = async () => (await client.openTask({ intent: 'read', deadline: '1h' })).id;

test.each(['reports-reader', 'reports-slices'])(
  'the AWS SDK reads a report by %s through serve-credentials, and is refused when the task has ended',
  async (credential) => {
    const task = await opened();
    const words = [
      'serve-credentials',
      '--credential',
      credential,
      '--task',
      task,
      '--',
      process.execPath,
      script(),
    ];
    const running = protem(environment(), ...words);
    running.child.stdin.write('go\n');
    expect(await running.said('.')).toMatch(/read \d+ characters/);
    await client.endTask(task);
    // A program that starts now gets no session at all; it is told so in the time that its SDK tries.
    running.child.stdin.write('anew\n');
    running.child.stdin.end();
    const { code, out } = await running.ended;
    expect(out).toMatch(/refused: CredentialsProviderError/);
    expect(code).toBe(0);
  },
);

test('the AWS SDK gets its session from the broker itself, and a second program one of its own', async () => {
  const task = await opened();
  const url = `${sandbox.places.api}/v1/aws/credentials?task=${task}&credential=reports-reader`;
  const container = {
    ...environment(),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const own = [
    'run',
    '--credential',
    'reports-db',
    '--task',
    task,
    '--no-mask',
    '--',
    process.execPath,
    script(),
  ];
  const running = protem(container, ...own);
  running.child.stdin.write('go\n');
  expect(await running.said('.')).toMatch(/read \d+ characters/);
  running.child.stdin.end('anew\n');
  expect((await running.ended).out.match(/read/g)).toHaveLength(2);
  await client.endTask(task);
});

test('the AWS SDK runs credential_process of its configuration', async () => {
  const task = await opened();
  const config = join(directory, 'config');
  const command = `${process.execPath} ${resolve('build/src/main.js')} credential-process --credential reports-reader --task ${task}`;
  writeFileSync(config, `[profile reports]\ncredential_process = ${command}\n`);
  const configured = {
    ...environment(),
    AWS_PROFILE: 'reports',
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  // Inside "protem run" of another credential, which takes no AWS_PROFILE away.
  const words = ['run', '--credential', 'reports-db', '--task', task, '--no-mask', '--keep-token', '--'];
  const running = protem(configured, ...words, process.execPath, script());
  running.child.stdin.end('go\n');
  expect((await running.ended).out).toMatch(/read \d+ characters/);
  await client.endTask(task);
});

test('without a command serve-credentials prints what to export, and ends its own task when it is stopped', async () => {
  const running = protem(environment(), 'serve-credentials', '--credential', 'reports-reader');
  const printed = await running.said('unset ');
  const url = /FULL_URI='(.*?)'/.exec(printed)?.[1] ?? '';
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  running.child.kill('SIGTERM');
  const { code, err } = await running.ended;
  expect(code).toBe(0);
  const task = /tsk_\w{8}/.exec(err)?.[0] ?? '';
  expect((await client.findTask(task)).outcome).toBe('completed');
});
