import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { awsSts, openAwsSts } from '../../src/issuance/providers/aws-sts/index.js';
import { newLeaseId, newTaskId } from '../../src/kernel/id.js';
import { startAwsStandIn } from '../../src/sandbox/aws/stand-in.js';
import { arnOf, readPrefix, seed } from '../sandbox/aws/reports-account.js';

/**
 * moto decides nothing as AWS does (a conditional deny denies everybody, session policies are ignored), so it is
 * asked for one thing only: whether requests and answers have the shape that another implementation gives them.
 */
const binary = process.env['PROTEM_MOTO'] ?? 'moto_server';
const found = spawnSync(binary, ['--help'], { stdio: 'ignore' }).status === 0;
const required = process.env['PROTEM_STACK_REQUIRED'] === '1';
if (!found && !required)
  process.stdout.write(`skipped: no ${binary}; set PROTEM_MOTO to run test/stack/moto\n`);

const region = 'eu-central-1';
const credentials = {
  accessKeyId: 'AKIAPROTEMSANDBOX001',
  secretAccessKey: 'not-a-real-secret-of-the-broker-000000',
};
const closing: (() => unknown)[] = [];
let moto = '';

beforeAll(async () => {
  if (found) moto = await startMoto();
}, 60_000);

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

(required ? test : test.skip)('moto is there', () => {
  expect({ binary, found }).toEqual({ binary, found: true });
});

(found ? describe : describe.skip)('against moto', () => {
  test('the provider issues, and the credential is that of the session it names', async () => {
    const provider = openAwsSts('aws', awsSts.settings.parse({ region, endpoint: moto, credentials }));
    closing.push(() => provider.close());
    await provider.check();
    const taskId = newTaskId();
    const order = {
      leaseId: newLeaseId(taskId),
      taskId,
      agent: 'spiffe://example.org/agent/reporter',
      entry: 'reports-reader',
      ttlSeconds: 900,
      ceilingSeconds: 3600,
      scope: awsSts.scope.parse({ role: arnOf('reports'), sessionPolicy: readPrefix('q3'), tags: true }),
    };
    const handle = provider.plan(order);
    const { secret } = await provider.issue(order, handle, () => Promise.resolve());
    const { AccessKeyId, SecretAccessKey, SessionToken, AccountId } = secret.reveal() as Record<
      string,
      string
    >;
    const sts = new STSClient({
      region,
      endpoint: moto,
      credentials: {
        accessKeyId: AccessKeyId ?? '',
        secretAccessKey: SecretAccessKey ?? '',
        sessionToken: SessionToken ?? '',
      },
    });
    closing.push(() => sts.destroy());
    const who = await sts.send(new GetCallerIdentityCommand({}));
    expect(who.Arn).toBe(`arn:aws:sts::${AccountId}:assumed-role/reports/${String(handle['sessionName'])}`);
  });

  test('the stand-in and moto name the members of every answer alike', async () => {
    const standIn = await startAwsStandIn(seed, { region });
    closing.push(standIn.close);
    const iam = new IAMClient({ region, endpoint: moto, credentials });
    closing.push(() => iam.destroy());
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'reports',
        Path: '/jit/',
        AssumeRolePolicyDocument: JSON.stringify(document),
      }),
    );
    const theirs = await shapes(moto);
    const ours = await shapes(standIn.url);
    expect(ours).toEqual(theirs);
    expect(ours).toHaveLength(8);
  });
});

const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };

/** The members of the answer to each call, as the real clients get it. */
async function shapes(upstream: string): Promise<readonly string[][]> {
  const recorder = await record(upstream);
  const config = { region, endpoint: recorder.url, credentials, maxAttempts: 1 };
  const sts = new STSClient(config);
  const iam = new IAMClient(config);
  closing.push(() => [sts.destroy(), iam.destroy()]);
  const policy = { RoleName: 'reports', PolicyName: 'p' };
  await sts.send(new GetCallerIdentityCommand({}));
  await sts.send(
    new AssumeRoleCommand({
      RoleArn: arnOf('reports'),
      RoleSessionName: 'j.tAAAAAAA.1',
      Policy: JSON.stringify(document),
    }),
  );
  await iam.send(new GetRoleCommand({ RoleName: 'reports' }));
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: JSON.stringify(document) }));
  await iam.send(new GetRolePolicyCommand(policy));
  await iam.send(new ListRolePoliciesCommand({ RoleName: 'reports' }));
  await iam.send(new DeleteRolePolicyCommand(policy));
  await iam.send(new GetRolePolicyCommand(policy)).catch(() => undefined);
  return recorder.answers.map(membersOf);
}

/** Passes requests on as they are, their Host included, so that signatures still hold; keeps the answers. */
async function record(upstream: string): Promise<{ url: string; answers: string[] }> {
  const answers: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onward = httpRequest(`${upstream}${url}`, { method, headers, setHost: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        answers.push(body.toString());
        outgoing.writeHead(answer.statusCode ?? 0, { 'content-type': 'text/xml' }).end(body);
      });
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => [server.closeAllConnections(), server.close()]);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answers };
}

/** Every element with its parents, in order of the alphabet, and the namespace of the first one. */
function membersOf(xml: string): string[] {
  const path: string[] = [];
  const members = new Set<string>();
  for (const [, end, name = '', attributes = '', empty] of xml.matchAll(/<(\/?)([\w]+)([^>]*?)(\/?)>/g)) {
    if (end) {
      path.pop();
      continue;
    }
    path.push(name);
    members.add(path.length === 1 ? `${name} ${attributes.trim()}` : path.join('/'));
    if (empty) path.pop();
  }
  // moto repeats the message of an error in lower case, which AWS does not.
  return [...members].filter((member) => !member.endsWith('/message')).toSorted();
}

async function startMoto(): Promise<string> {
  const port = await freePort();
  const child = spawn(binary, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  closing.push(async () => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  while (child.exitCode === null) {
    const up = await fetch(`${url}/moto-api/`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return url;
    await wait(100);
  }
  throw new Error(`moto ended with ${child.exitCode}`);
}

async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
