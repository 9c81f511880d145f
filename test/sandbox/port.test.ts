import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { portOrFree } from '../../src/sandbox/port.js';

test('a port that is free is given as it was asked for, and one that is taken is not', async () => {
  const free = await portOrFree(0);
  expect(await portOrFree(free)).toBe(free);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await portOrFree(port)).not.toBe(port);
  server.close();
});

test('those that are asked for at once are all different, and none is of those that a system hands out', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => portOrFree(0)));
  expect(new Set(ports).size).toBe(300);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});
