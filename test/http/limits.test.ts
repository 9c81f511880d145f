import { expect, test } from '@jest/globals';
import { limitsSettings } from '../../src/http/limits.js';
import { peerOf } from '../../src/http/rate.js';
import { expectProblem, serving } from './serving.js';

test.each([
  ['one peer', { requestsPerSecondPerPeer: 3 }],
  ['all peers', { requestsPerSecond: 3 }],
])('more requests of %s than the limit are refused, and told when to come back', async (_what, limits) => {
  const { call, broker } = await serving({ limits });
  const answers = await Promise.all(Array.from({ length: 40 }, () => call('GET', '/v1/tasks')));
  const refused = answers.filter(({ status }) => status === 429);
  // A second may turn while they arrive, and then the limit is there anew.
  expect(refused.length).toBeGreaterThanOrEqual(1);
  expectProblem(refused[0]!, 'request.rate_limited');
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect(broker.calls.filter(({ verb }) => verb === 'listTasks')).toHaveLength(40 - refused.length);
});

test('health is told however many requests there are; unknown paths are not', async () => {
  const { call } = await serving({ limits: { requestsPerSecond: 1 } });
  const probes = await Promise.all(Array.from({ length: 40 }, () => call('GET', '/livez')));
  expect(probes.every(({ status }) => status === 200)).toBe(true);
  const strays = await Promise.all(Array.from({ length: 40 }, () => call('GET', '/nowhere')));
  expect(strays.some(({ status }) => status === 429)).toBe(true);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:0db8:1:0002::', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the peer of %j is %j', (address, peer) => {
  expect(peerOf(address)).toBe(peer);
});

test('limits have defaults, and unknown ones are errors', () => {
  expect(limitsSettings.parse({})).toMatchObject({ bodyBytes: 65_536, hookBodyBytes: 1_048_576 });
  expect(limitsSettings.safeParse({ bodyByte: 1024 }).success).toBe(false);
  const upsideDown = limitsSettings.safeParse({ headersTimeoutMs: 5000, requestTimeoutMs: 1000 });
  expect(upsideDown.error?.issues[0]?.path).toEqual(['headersTimeoutMs']);
});

test('connections over the limit are closed', async () => {
  const { connection } = await serving({ limits: { connections: 1 } });
  const first = await connection();
  const second = await connection();
  expect(await second.closed).toBe('');
  first.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(await first.closed).toMatch(/^HTTP\/1\.1 200 /);
});
