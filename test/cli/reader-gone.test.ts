import { once } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import { protem } from './protem.js';

// Processes, some of them several: a busy machine may take its time.
jest.setTimeout(120_000);

test.each([[['task', 'ls']], [['lease', 'ls', '-o', 'yaml']], [['--help']], [['audit', '--help']]])(
  'whoever reads %j has left, as `head` does: that is no failure, and nothing is said of it',
  async (words) => {
    const { url } = await serving();
    const running = protem({ PROTEM_URL: url, PROTEM_TOKEN: agentToken }, ...words);
    running.child.stdout.destroy();
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([0, '']);
  },
);

test('a host that closes both ends of its MCP server, with an answer under way, leaves no task open', async () => {
  const { url, broker } = await serving();
  const running = protem({ PROTEM_URL: url, PROTEM_TOKEN: agentToken, PROTEM_INTENT: 'count' }, 'mcp');
  const send = (message: object) =>
    running.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  send({ id: 1, method: 'initialize', params });
  await running.said('"serverInfo"');
  send({ method: 'notifications/initialized' });
  const ask = { name: 'request_credential', arguments: { credential: 'reports-reader' } };
  send({ id: 2, method: 'tools/call', params: ask });
  await running.said('"id":2');
  running.child.stdout.destroy();
  await once(running.child.stdout, 'close');
  send({ id: 3, method: 'tools/list' });
  running.child.stdin.end();
  await running.ended;
  expect([...broker.tasks.values()].map(({ state }) => state)).toEqual(['ended']);
});
