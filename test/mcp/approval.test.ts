import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { afterAll, expect, test } from '@jest/globals';
import type { Send } from '../../src/sdk/call.js';
import { openPrivateFolder } from '../../src/mcp/private-folder.js';
import { openSession } from '../../src/mcp/session.js';
import { mcpServer } from '../../src/mcp/tools.js';

const parent = mkdtempSync(join(tmpdir(), 'protem-mcp-'));
afterAll(() => rmSync(parent, { recursive: true }));

const pending = {
  id: 'apr_1',
  url: 'https://protem.example/console/approvals/apr_1',
  expiresAt: '2030-01-01T00:00:00.000Z',
};

const asked = {
  ...{ id: 'stp_1', task: 'tsk_00000000', agent: 'agent:a', tool: 'payments.list', decision: 'ask' },
  ...{ policies: ['risky'], fault: 'approval.required', approval: pending.id },
};

/** A broker that wants a person to look first. */
async function asking(capabilities: object) {
  const calls: string[] = [];
  const send: Send = ({ method, path }) => {
    calls.push(`${method} ${path}`);
    if (path.endsWith('/credentials')) return Promise.resolve({ status: 202, body: { approval: pending } });
    if (path.endsWith('/steps')) return Promise.resolve({ status: 201, body: asked });
    const body = path.startsWith('/v1/approvals/') ? pending : { id: 'tsk_00000000' };
    return Promise.resolve({ status: 200, body });
  };
  const session = openSession(send, await openPrivateFolder(parent), { intent: 'x', deadline: '1h' });
  const [ofClient, ofServer] = InMemoryTransport.createLinkedPair();
  await mcpServer(session, '0').connect(ofServer);
  const client = new Client({ name: 'test', version: '0' }, { capabilities });
  return { client, connect: () => client.connect(ofClient), calls, session };
}

const request = (client: Client) =>
  client.callTool({ name: 'request_credential', arguments: { credential: 'payments-admin' } });
const announce = (client: Client) =>
  client.callTool({ name: 'announce_tool_call', arguments: { tool: 'payments.list' } });

test('APR-02 where a person has to approve, the answer is the link for them', async () => {
  const { client, connect, calls, session } = await asking({});
  await connect();
  expect((await request(client)).structuredContent).toEqual({
    status: 'approval_pending',
    approval: pending,
  });
  await session.close();
  expect(calls.at(-1)).toBe('POST /v1/tasks/tsk_00000000/end');
  await client.close();
});

test.each([
  ['a credential', request, { status: 'approval_pending' }],
  ['a tool call', announce, { decision: 'ask' }],
])(
  'a client that shows links to its person is given the link of %s to show, not the model',
  async (_what, ask, answer) => {
    const { client, connect } = await asking({ elicitation: { url: {} } });
    const shown: unknown[] = [];
    client.setRequestHandler('elicitation/create', ({ params }) => {
      shown.push(params);
      return { action: 'accept' };
    });
    await connect();
    expect((await ask(client)).structuredContent).toMatchObject(answer);
    expect(shown).toEqual([expect.objectContaining({ mode: 'url', url: pending.url })]);
    await client.close();
  },
);

test('POL-06 a tool call that a person has to approve is answered with the link, and permits nothing', async () => {
  const { client, connect } = await asking({});
  await connect();
  expect((await announce(client)).structuredContent).toEqual({
    ...{ decision: 'ask', policies: ['risky'], fault: 'approval.required' },
    approval: pending,
  });
  await client.close();
});
