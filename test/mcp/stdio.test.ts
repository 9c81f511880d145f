import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import type { JSONRPCMessage, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { startSandboxBroker } from '../setup/sandbox-broker.js';

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
const directory = mkdtempSync(join(tmpdir(), 'protem-mcp-'));
const tokenFile = join(directory, 'token');
const clients: Client[] = [];

async function token(subject: string, kind = 'agent', more: object = {}): Promise<string> {
  const role = kind === 'operator' ? { role: 'admin' } : {};
  const body = new URLSearchParams({ subject, kind, ...role, ...more });
  const answer = await fetch(`${sandbox.variables['SANDBOX_ISSUER']}/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

beforeAll(async () => {
  sandbox = await startSandboxBroker();
  writeFileSync(tokenFile, await token('reporter'), { mode: 0o600 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

/** `protem mcp` as a host starts it, and everything that it said. */
async function connect(mode: VersionNegotiationMode, ...more: string[]) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      resolve('build/src/main.js'),
      'mcp',
      ...['--url', sandbox.variables['PROTEM_URL']!, '--token-file', tokenFile, '--directory', directory],
      ...(more.length > 0 ? more : ['--intent', 'Third-quarter totals']),
    ],
  });
  const client = new Client({ name: 'test', version: '0' }, { versionNegotiation: { mode } });
  clients.push(client);
  await client.connect(transport);
  const said: JSONRPCMessage[] = [];
  const { onmessage } = transport;
  transport.onmessage = (message) => {
    said.push(message);
    onmessage?.(message);
  };
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { structuredContent, isError, content } = await client.callTool({ name, arguments: args });
    // oxlint-disable-next-line typescript/no-explicit-any
    const told = (structuredContent ?? JSON.parse((content[0] as { text: string }).text)) as any;
    return { told, isError: isError ?? false };
  };
  return { client, call, said };
}

const asOperator = async (path: string) => {
  const headers = { authorization: `Bearer ${await token('olga', 'operator')}` };
  return (await fetch(sandbox.variables['PROTEM_URL'] + path, { headers })).json() as Promise<
    Record<string, unknown>
  >;
};
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await new Promise((resume) => setTimeout(resume, 50));
};

describe.each<[string, VersionNegotiationMode]>([
  ['of 2025', 'legacy'],
  ['of 2026-07-28', { pin: '2026-07-28' }],
])('an MCP client %s', (_revision, mode) => {
  test('ISS-04 gets a lease and a file, and no message of the server holds the secret', async () => {
    const { client, call, said } = await connect(mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'announce_tool_call',
      'lease_status',
      'list_credentials',
      'list_leases',
      'release_credential',
      'request_credential',
    ]);
    expect((await call('list_leases')).told).toEqual({ leases: [] });
    const names = (await call('list_credentials')).told.entries.map(({ name }: { name: string }) => name);
    expect(names).toContain('reports-db');

    const db = (await call('request_credential', { credential: 'reports-db', ttl: '10m' })).told;
    expect(db).toMatchObject({ status: 'issued', lease: { state: 'active', effect: 'revoked_at_provider' } });
    const aws = (
      await call('request_credential', {
        credential: 'reports-reader',
        parameters: { prefix: 'reports/2026/' },
      })
    ).told;
    expect(aws.delivery).toMatchObject({
      format: 'aws-credentials',
      use: `AWS_SHARED_CREDENTIALS_FILE=${aws.delivery.file}`,
    });
    for (const { file } of [db.delivery, aws.delivery]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    }

    const secret = JSON.parse(readFileSync(db.delivery.file, 'utf8')) as Record<string, string>;
    const login = Buffer.from(`${secret['username']}:${secret['password']}`).toString('base64');
    const used = await fetch(sandbox.variables['SANDBOX_DATABASE']!, {
      headers: { authorization: `Basic ${login}` },
    });
    expect(used.status).toBe(200);

    expect((await call('lease_status', { lease: db.lease.id })).told.lease).toMatchObject({
      state: 'active',
    });
    expect((await call('list_leases')).told.leases).toHaveLength(2);
    await call('release_credential', { lease: db.lease.id, reason: 'done' });
    expect(existsSync(db.delivery.file)).toBe(false);

    const session = readFileSync(aws.delivery.file, 'utf8').match(/(?<= = ).+/g)!;
    const everything = JSON.stringify(said);
    expect(said.length).toBeGreaterThan(6);
    for (const value of [...Object.values(secret), ...session]) expect(everything).not.toContain(value);

    await client.close();
    await until(async () => (await asOperator(`/v1/tasks/${db.lease.task}`))['state'] === 'ended');
    await until(async () => !existsSync(dirname(aws.delivery.file)));
  });

  test('is told what a refusal was and what to do about it', async () => {
    const { client, call } = await connect(mode);
    const { told, isError } = await call('request_credential', { credential: 'no-such-thing' });
    expect(isError).toBe(true);
    expect(told).toMatchObject({
      code: 'credential.unknown',
      remedy: expect.stringContaining('/v1/catalog'),
    });
    expect((await call('lease_status', { lease: '../tasks' })).told).toMatchObject({ code: 'lease.unknown' });
    const odd = { name: 'request_credential', arguments: { credential: 'x', secret: true } };
    expect(await client.callTool(odd)).toMatchObject({ isError: true });
  });
});

test('POL-06 a tool is announced before it is called, and what may be called depends on what was called before', async () => {
  const { call } = await connect('legacy');
  const first = await call('announce_tool_call', {
    tool: 's3.get',
    target: 'reports/2026',
    reason: 'totals',
  });
  expect(first).toEqual({ told: { decision: 'permit', policies: [expect.any(String)] }, isError: false });

  // Restricted data after other data: a person looks first.
  const payments = { tool: 'payments.list', reason: 'to compare' };
  const { told: asked } = await call('announce_tool_call', payments);
  expect(asked).toMatchObject({
    decision: 'ask',
    policies: ['restricted-after-other-data-needs-a-person'],
    approval: { id: expect.stringMatching(/^apr_/), url: expect.stringContaining('/console/') },
  });
  const { id } = asked.approval as { id: string };
  const olga = {
    authorization: `Bearer ${await token('olga', 'operator')}`,
    'content-type': 'application/json',
  };
  const answer = { method: 'POST', headers: olga, body: JSON.stringify({ decision: 'approve' }) };
  const approved = await fetch(`${sandbox.variables['PROTEM_URL']}/v1/approvals/${id}/decision`, answer);
  expect(approved.status).toBe(200);
  const { told: then } = await call('announce_tool_call', { ...payments, approval: id });
  expect(then).toMatchObject({ decision: 'permit' });

  const task = (await asOperator(`/v1/approvals/${id}`))['task'];
  const { items } = (await asOperator(`/v1/tasks/${String(task)}/steps`)) as {
    items: { decision: string }[];
  };
  expect(items.map(({ decision }) => decision)).toEqual(['permit', 'ask', 'permit']);
});

test('a task of somebody else stays open when the session ends, and what the session had is given back', async () => {
  const opened = await fetch(`${sandbox.variables['PROTEM_URL']}/v1/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token('reporter')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ intent: 'x', deadline: '1h' }),
  });
  const { id } = (await opened.json()) as { id: string };
  const { client, call } = await connect('legacy', '--task', id);
  const { lease } = (await call('request_credential', { credential: 'reports-db' })).told;
  await client.close();
  await until(async () => (await asOperator(`/v1/leases/${lease.id}`))['state'] === 'revoked');
  expect((await asOperator(`/v1/tasks/${id}`))['state']).toBe('open');
});

test('TOK-06 a token that is bound to a key is shown with proofs by that key', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyFile = join(directory, 'key.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const bound = join(directory, 'bound-token');
  writeFileSync(bound, await token('reporter', 'agent', { jkt: await calculateJwkThumbprint(publicKey) }));
  const intent = ['--intent', 'x'];
  const bearer = await connect('legacy', ...intent, '--token-file', bound);
  expect(await bearer.call('list_credentials')).toMatchObject({
    isError: true,
    told: { code: 'dpop.missing' },
  });
  const proving = await connect('legacy', ...intent, '--token-file', bound, '--key-file', keyFile);
  expect(await proving.call('list_credentials')).toMatchObject({ isError: false });
});
