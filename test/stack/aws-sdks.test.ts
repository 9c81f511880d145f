import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AwsSession } from '../../src/cli/aws-session.js';
import { serveContainer } from '../../src/cli/container-server.js';
import { ProtemClient } from '../../src/sdk/index.js';
import { protem } from '../cli/protem.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { eventually } from './eventually.js';
import { endWithUs } from './guard.js';
import { canRun, findProgram } from './program.js';

// Both come from PyPI, into the folder that moto is in.
const folder = dirname(findProgram('moto_server', process.env['PROTEM_MOTO']) ?? '/nonexistent/moto_server');
const python = findProgram('python3', join(folder, 'python3'));
const hasAwscrt = python !== undefined && spawnSync(python, ['-c', 'import awscrt']).status === 0;
const s5cmd = findProgram('s5cmd', join(folder, 's5cmd'));

/** A program that reads the report at each line of its input, and says "refused" or "ERROR" when it may not. */
interface Reader {
  readonly words: (aws: string) => readonly string[];
  readonly line: string;
  /** What `serve-credentials` is asked for beside the entry. */
  readonly options: readonly string[];
}
const crt: Reader = {
  words: () => [python ?? '', resolve('test/stack/aws-crt.py')],
  line: 'read\n',
  options: [],
};
// Its SDK for Go, of July 2023, knows no token file.
const go: Reader = {
  words: (aws) => [s5cmd ?? '', '--retry-count', '0', '--endpoint-url', aws, 'run'],
  line: 'cat s3://acme-reports/reports/2026/q3.csv\n',
  options: ['--token-in-environment'],
};

const report = 'north,42';
const refused = /refused: |ERROR /;
let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let client: ProtemClient;
let token: string;
const directory = mkdtempSync(join(tmpdir(), 'protem-sdks-'));

const opened = async () => (await client.openTask({ intent: 'read', deadline: '1h' })).id;
const environment = () => ({
  PROTEM_URL: sandbox.places.api,
  PROTEM_TOKEN: token,
  SANDBOX_AWS: sandbox.places.aws,
  AWS_REGION: 'eu-central-1',
});

/** The program, started with this environment alone; what it said on both of its outputs, as one text. */
function startReader(reader: Reader, variables: Readonly<Record<string, string | undefined>>) {
  const [program = '', ...words] = reader.words(sandbox.places.aws);
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment(), ...variables };
  const child = spawn(program, words, { env, stdio: 'pipe' });
  endWithUs(child);
  let text = '';
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      child.emit('said');
    });
  const closed = once(child, 'close');
  return {
    /** What it says to one more line. */
    async reads(): Promise<string> {
      const before = text.length;
      child.stdin.write(reader.line);
      while (!new RegExp(`${report}|${refused.source}`).test(text.slice(before))) {
        if (child.exitCode !== null) throw new Error(`the program has ended: ${text}`);
        await Promise.race([once(child, 'said'), closed]);
      }
      return text.slice(before);
    },
    async end(): Promise<void> {
      child.stdin.end();
      await closed;
    },
  };
}

async function leasesOf(task: string): Promise<{ readonly state: string }[]> {
  const found: { state: string }[] = [];
  for await (const lease of client.list('/v1/leases', { task })) found.push(lease as { state: string });
  return found;
}

/** Ends it, and waits until the worker has cut off its sessions: those who hold one are refused from then on. */
async function ended(task: string): Promise<void> {
  await client.endTask(task);
  const isCut = async () => (await leasesOf(task)).every(({ state }) => state === 'revoked');
  await eventually('the sessions of the task are cut off', isCut);
}

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

describe.each([
  ['the C runtime of the AWS SDKs', crt, { awscrt: hasAwscrt ? python : undefined }],
  ['the AWS SDK for Go', go, { s5cmd }],
] as const)('%s', (name, reader, programs) => {
  const testHere = canRun(name, { ...programs }) ? test : test.skip;

  testHere.each(['reports-reader', 'reports-slices'])(
    'reads a report by %s through serve-credentials, and is refused when the task has ended',
    async (credential) => {
      const task = await opened();
      const words = ['--credential', credential, '--task', task, ...reader.options, '--'];
      const running = protem(
        environment(),
        'serve-credentials',
        ...words,
        'sh',
        '-c',
        // The second one starts after the task's end, so it asks for a session of its own.
        'one="$1"; shift; read -r line; "$@" < "$one"; echo first; read -r line; "$@" < "$one" 2>&1',
        'sh',
        lineFile(reader),
        ...reader.words(sandbox.places.aws),
      );
      running.child.stdin.write('go\n');
      expect(await running.said('first')).toContain(report);
      await client.endTask(task);
      running.child.stdin.end('go\n');
      const { out } = await running.ended;
      expect(out.split('first')[1]).toMatch(refused);
      expect(out.match(/north,42/g)).toHaveLength(1);
      expect(await leasesOf(task)).toHaveLength(1);
    },
  );

  testHere(
    'takes the next session before the one it has ends, and gets none after the task has',
    async () => {
      const task = await opened();
      const shift = { ms: 0 };
      const session = new AwsSession(
        client,
        { task, credential: 'reports-reader' },
        () => Date.now() + shift.ms,
      );
      const answers: boolean[] = [];
      const keys = new Set<unknown>();
      // What it is told to end soon it asks for again soon; the session itself is as long as it is.
      const server = await serveContainer(
        0,
        async () => {
          answers.push(false);
          const values = await session.current();
          answers[answers.length - 1] = true;
          keys.add(values['AccessKeyId']);
          return { ...values, Expiration: new Date(Date.now() + 12_000).toISOString() };
        },
        { tokenInEnvironment: reader.options.length > 0 },
      );
      const program = startReader(reader, server.environment);
      try {
        expect(await program.reads()).toContain(report);
        shift.ms = 14 * 60_000;
        while (keys.size < 2) expect(await program.reads()).toContain(report);
        expect(await program.reads()).toContain(report);
        await ended(task);
        const before = answers.length;
        for (let time = 0; time < 2; time++) expect(await program.reads()).toMatch(refused);
        // It asks once for each, and does not try on.
        expect(answers.slice(before)).toEqual([false, false]);
      } finally {
        await program.end();
        await server.close();
      }
    },
  );

  testHere(
    'runs credential_process of its configuration, and has nothing when the task has ended',
    async () => {
      const task = await opened();
      const config = join(directory, `${task}.config`);
      const command = `${process.execPath} ${resolve('build/src/main.js')} credential-process --credential reports-reader --task ${task}`;
      writeFileSync(config, `[profile reports]\nregion = eu-central-1\ncredential_process = ${command}\n`);
      const variables = {
        AWS_PROFILE: 'reports',
        AWS_CONFIG_FILE: config,
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_SDK_LOAD_CONFIG: '1',
      };
      const first = startReader(reader, variables);
      expect(await first.reads()).toContain(report);
      await ended(task);
      expect(await first.reads()).toMatch(refused);
      await first.end();
      const second = startReader(reader, variables);
      expect(await second.reads()).toMatch(refused);
      await second.end();
      expect(await leasesOf(task)).toHaveLength(1);
    },
  );

  testHere('gets its session from the broker itself, and is refused when the task has ended', async () => {
    const task = await opened();
    const variables = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.places.api}/v1/aws/credentials?task=${task}&credential=reports-reader&ttl=1h`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const first = startReader(reader, variables);
    for (let time = 0; time < 3; time++) expect(await first.reads()).toContain(report);
    await ended(task);
    expect(await first.reads()).toMatch(refused);
    await first.end();
    const second = startReader(reader, variables);
    expect(await second.reads()).toMatch(refused);
    await second.end();
    expect(await leasesOf(task)).toHaveLength(1);
  });
});

/** A file with one line of the reader's input. */
function lineFile({ line }: Reader): string {
  const file = join(directory, `line-${Buffer.byteLength(line)}`);
  writeFileSync(file, line);
  return file;
}
