import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startSandboxBroker } from '../setup/sandbox-broker.js';

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let token: string;
const directory = mkdtempSync(join(tmpdir(), 'protem-mcp-'));

beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const body = new URLSearchParams({ subject: 'reporter' });
  const answer = await fetch(`${sandbox.places.issuer}/token`, { method: 'POST', body });
  token = ((await answer.json()) as { access_token: string }).access_token;
});
afterAll(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

/** `protem mcp`, spoken to line by line: what it answers to a message that has an id. */
function startMcp() {
  const words = ['mcp', '--intent', 'Third-quarter totals', '--directory', directory];
  const child = spawn(process.execPath, [resolve('build/src/main.js'), ...words], {
    env: { ...process.env, PROTEM_URL: sandbox.places.api, PROTEM_TOKEN: token },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    // oxlint-disable-next-line typescript/no-explicit-any
    async says(message: { readonly id?: number; readonly [more: string]: unknown }): Promise<any> {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
      if (message.id === undefined) return undefined;
      return JSON.parse(String((await lines.next()).value)) as unknown;
    },
    end: () => child.stdin.end(),
  };
}

const clientInfo = { name: 'test', version: '0' };
const metaOf = (revision: string) => ({
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
});

test('a client that asks for the newest revision, and then begins with one of 2025, gets credentials all the same', async () => {
  const { says, end } = startMcp();
  const found = await says({ id: 1, method: 'server/discover', params: { _meta: metaOf('2026-07-28') } });
  expect(found.result.supportedVersions).toContain('2026-07-28');
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  expect((await says({ id: 2, method: 'initialize', params })).result.protocolVersion).toBe('2025-11-25');
  await says({ method: 'notifications/initialized' });
  const call = { name: 'request_credential', arguments: { credential: 'reports-db' } };
  const { result } = await says({ id: 3, method: 'tools/call', params: call });
  expect(result.structuredContent).toMatchObject({ status: 'issued', lease: { state: 'active' } });
  expect(existsSync(result.structuredContent.delivery.file)).toBe(true);
  end();
});

test('what it can do does not change while it runs, and it says so', async () => {
  const { says, end } = startMcp();
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '0' },
  };
  expect((await says({ id: 1, method: 'initialize', params })).result.capabilities).toEqual({
    tools: { listChanged: false },
  });
  end();
});

test('a client of a revision that is unknown is refused, and told which there are', async () => {
  const { says, end } = startMcp();
  const { error } = await says({ id: 1, method: 'tools/list', params: { _meta: metaOf('2099-01-01') } });
  expect(error).toMatchObject({ code: -32022, data: { requested: '2099-01-01' } });
  expect(error.data.supported).toContain('2026-07-28');
  end();
});
