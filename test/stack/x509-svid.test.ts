import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Agent, fetch } from 'undici';
import type { Fetch } from '../../src/sdk/call.js';
import { ProtemClient } from '../../src/sdk/client.js';
import { opensslProgram } from './certificate.js';
import { canRun, findProgram } from './program.js';
import { runProtem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { World } from './world.js';

const runs = canRun('X509-SVIDs that OpenSSL has made, over TLS', {
  ...redisPrograms(),
  openssl: opensslProgram(),
  curl: findProgram('curl'),
  python3: findProgram('python3'),
});

const id = 'spiffe://spire.example/agent/reporter';

(runs ? describe : describe.skip)('an agent with an X509-SVID', () => {
  let redis: RedisServer;
  let world: World;
  let url: string;
  let config: string;
  let environment: Record<string, string>;
  const file = (name: string) => join(world.directory, name);

  const openssl = (...parameters: string[]) => {
    const { status, stderr } = spawnSync(opensslProgram()!, parameters, {
      cwd: world.directory,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`openssl ${parameters[0]}: ${stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

  function signed(name: string, by: string, extensions: string): void {
    openssl('req', ...newKey, '-subj', `/O=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(file(`${name}.ext`), extensions);
    const from = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...from, '-days', '1', '-out', `${name}.pem`);
  }

  /** With its intermediate behind it, as SPIRE hands them out. */
  function newSvid(name: string, spiffeId: string, by = 'between'): void {
    const usage = 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n';
    signed(name, by, `${usage}extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:${spiffeId}\n`);
    writeFileSync(
      file(`${name}-chain.pem`),
      readFileSync(file(`${name}.pem`), 'utf8') + readFileSync(file(`${by}.pem`), 'utf8'),
    );
  }

  const asSvid = (name: string) => ({
    ...environment,
    PROTEM_CERTIFICATE_FILE: file(`${name}-chain.pem`),
    PROTEM_PRIVATE_KEY_FILE: file(`${name}.key`),
  });

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    const authority = [
      '-subj',
      '/O=spire.example',
      '-days',
      '2',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    ];
    openssl('req', '-x509', ...newKey, ...authority, '-keyout', 'root.key', '-out', 'root.pem');
    signed('between', 'root', 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n');
    signed('api', 'root', 'subjectAltName=IP:127.0.0.1\n');
    newSvid('reporter', id);
    const x5c = [new X509Certificate(readFileSync(file('root.pem'))).raw.toString('base64')];
    writeFileSync(file('bundle.json'), JSON.stringify({ keys: [{ kty: 'EC', use: 'x509-svid', x5c }] }));
    config = world.configure({
      redis: { url: redis.url },
      listen: {
        port: 0,
        tls: { certificateFile: file('api.pem'), privateKeyFile: file('api.key'), minimumVersion: 'TLSv1.3' },
      },
      trustDomains: [
        {
          name: 'spire.example',
          bundle: { file: file('bundle.json') },
          x509Svids: {},
          rules: [{ path: '/agent/*', kind: 'agent' }],
        },
      ],
    });
    const protem = await world.start('serve', config);
    url = (await protem.says('protem is running')).url!;
    environment = { PROTEM_URL: url, PROTEM_CA_FILE: file('root.pem') };
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  test('asks with the command line, without any token, and has what it asked for', async () => {
    expect(url).toMatch(/^https:/);
    const run = [
      'run',
      '--intent',
      'report the quarter',
      '--tool',
      'sql.query',
      '--credential',
      'vault-db',
      '--',
    ];
    const { code, output, complaints } = await runProtem(
      [...run, 'sh', '-c', 'echo "as ${VAULT_DB_USERNAME:+somebody}"'],
      { ...asSvid('reporter'), PATH: process.env['PATH']! },
    );
    expect([code, output.trim(), complaints]).toEqual([
      0,
      'as somebody',
      expect.not.stringContaining('rror'),
    ]);
  });

  test('asks with curl; the task is its own, and it is in the record whose it is', async () => {
    const curl = async (...parameters: string[]) => {
      const shown = ['--cert', file('reporter-chain.pem'), '--key', file('reporter.key')];
      const { stdout } = await promisify(execFile)(
        'curl',
        ['-sS', '--cacert', file('root.pem'), ...shown, ...parameters],
        {
          encoding: 'utf8',
        },
      );
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const ask = JSON.stringify({ intent: 'report the quarter', deadline: '1h' });
    const task = await curl(`${url}/v1/tasks`, '-H', 'Content-Type: application/json', '-d', ask);
    expect(task).toMatchObject({ agent: id, state: 'open' });
    const credential = JSON.stringify({ credential: 'vault-db', tool: 'sql.query' });
    const path = `${url}/v1/tasks/${String(task['id'])}/credentials`;
    expect(await curl(path, '-H', 'Content-Type: application/json', '-d', credential)).toMatchObject({
      lease: { state: 'active', agent: id },
    });
    expect(
      await curl(
        '-X',
        'POST',
        '-H',
        'Content-Type: application/json',
        '-d',
        '{"outcome":"completed"}',
        `${url}/v1/tasks/${String(task['id'])}/end`,
      ),
    ).toMatchObject({ state: 'ended' });
  });

  test('asks with the client for TypeScript, whose fetch shows the certificate', async () => {
    const [ca, cert, key] = ['root.pem', 'reporter-chain.pem', 'reporter.key'].map((name) =>
      readFileSync(file(name)),
    );
    const dispatcher = new Agent({ connect: { ca, cert, key } });
    const shows: Fetch = (to, init) => fetch(to, { ...(init as object), dispatcher });
    const client = new ProtemClient({ url, fetch: shows, releaseOnExit: false });
    const done = await client.withTask({ intent: 'report the quarter', deadline: '1h' }, async (task) => {
      const lease = await client.acquire({ task: task.id, credential: 'vault-db', tool: 'sql.query' });
      return lease.record.agent;
    });
    await dispatcher.close();
    expect(done).toBe(id);
  });

  test('asks with the client for Python, whose context shows the certificate', async () => {
    const script = `
import ssl, sys
from protem import Client
url, ca, cert, key = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(cert, key)
client = Client(url, context=context)
with client.task(intent="report the quarter", deadline="1h") as task:
    print(task["agent"])
`;
    const files = ['root.pem', 'reporter-chain.pem', 'reporter.key'].map(file);
    const { stdout } = await promisify(execFile)(findProgram('python3')!, ['-c', script, url, ...files], {
      env: { PYTHONPATH: resolve('clients/python'), PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(stdout.trim()).toBe(id);
  });

  test('what the API would not start with is told before', async () => {
    const sound = await runProtem(['config', 'check', '--config', config], world.environment);
    expect([sound.code, sound.complaints]).toEqual([0, '']);
    const settings = readFileSync(config, 'utf8').replace(file('api.key'), file('reporter.key'));
    writeFileSync(file('wrong.yaml'), settings);
    const wrong = await runProtem(['config', 'check', '--config', file('wrong.yaml')], world.environment);
    expect([wrong.code, wrong.complaints]).toEqual([
      2,
      expect.stringContaining('listen.tls: the certificate and the private key are no pair'),
    ]);
  });

  test('by another authority of the same name it is nobody', async () => {
    const name = ['-subj', '/O=spire.example', '-days', '2'];
    openssl('req', '-x509', ...newKey, ...name, '-keyout', 'stranger.key', '-out', 'stranger.pem');
    newSvid('forged', id, 'stranger');
    const { code, complaints } = await runProtem(['task', 'ls'], asSvid('forged'));
    expect([code, complaints]).toEqual([4, expect.stringContaining('identity.unproven')]);
  });
});
