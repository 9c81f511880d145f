import { once } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import type { Broker } from '../../src/broker/broker.js';
import type { LiveMessage } from '../../src/broker/live-feed.js';
import { agentToken, operatorToken } from '../fake/pretend-broker.js';
import { consoleServing, signedIn } from './console-serving.js';
import { now, serving } from './serving.js';
import type { Serving } from './serving.js';

/** A broker whose feed the test speaks into. */
function speaking() {
  const listeners = new Set<(message: LiveMessage) => void>();
  const asked: (string | undefined)[] = [];
  const watch: Broker['watch'] = async (_principal, from, listener) => {
    asked.push(from);
    listeners.add(listener);
    return { from: from ?? '16-0', close: () => void listeners.delete(listener) };
  };
  return {
    watch,
    asked,
    listeners,
    say: (message: LiveMessage) => {
      for (const listener of listeners) listener(message);
    },
  };
}

const change = (id: string, size = 0): LiveMessage => ({
  is: 'changes',
  id,
  at: now,
  events: [{ id, at: now, event: { type: 'identity.refused', reason: 'x'.repeat(size), count: 1 } }],
  counts: { 'identity.refused': 1 },
  leases: [],
  tasks: [],
});

const request = (headers: string): string => `GET /v1/events HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`;

/** Reads a stream until what has come satisfies. */
async function opened(made: Serving, headers: string) {
  const { socket, text, closed } = await made.connection();
  socket.write(request(headers));
  return {
    socket,
    text,
    closed,
    until: async (expected: string | RegExp) => {
      while (!(typeof expected === 'string' ? text().includes(expected) : expected.test(text())))
        await once(socket, 'data');
    },
  };
}
const operator = `Authorization: Bearer ${operatorToken}`;

test('an operator is told what happens, each message with its id, and goes on from the last one heard', async () => {
  const feed = speaking();
  const made = await serving({ broker: { watch: feed.watch } });
  const stream = await opened(made, `${operator}\r\nLast-Event-ID: 17-2`);
  await stream.until('retry: 1000');
  expect(stream.text()).toMatch(/content-type: text\/event-stream/i);
  expect(feed.asked).toEqual(['17-2']);
  feed.say(change('18-0'));
  await stream.until(
    'event: changes\nid: 18-0\ndata: {"at":"2030-01-01T00:00:00.000Z","events":[{"id":"18-0"',
  );
  feed.say({ is: 'resync', id: '19-0' });
  await stream.until('event: resync\nid: 19-0\ndata: {}\n\n');
  feed.say({ is: 'stalled' });
  await stream.until('event: stalled\ndata: {}\n\n');
});

test('who has heard nothing yet knows where to go on from all the same', async () => {
  const made = await serving({ broker: { watch: speaking().watch } });
  await (await opened(made, operator)).until('retry: 1000\nid: 16-0\n\n');
});

test('what is no id of ours is as none', async () => {
  const feed = speaking();
  const made = await serving({ broker: { watch: feed.watch } });
  const stream = await opened(made, `${operator}\r\nLast-Event-ID: 17-2 OR 1`);
  await stream.until('retry: 1000');
  expect(feed.asked).toEqual([undefined]);
});

test('a reader that is gone is told nothing more', async () => {
  const feed = speaking();
  const made = await serving({ broker: { watch: feed.watch } });
  const stream = await opened(made, operator);
  await stream.until('retry: 1000');
  expect(feed.listeners.size).toBe(1);
  stream.socket.destroy();
  await made.logged({ route: '/v1/events' });
  expect(feed.listeners.size).toBe(0);
});

test('a reader that is too slow is not waited for: it is told to look again when it can', async () => {
  const feed = speaking();
  const made = await serving({ broker: { watch: feed.watch } });
  const stream = await opened(made, operator);
  await stream.until('retry: 1000');
  stream.socket.pause();
  for (let i = 0; i < 200; i++) feed.say(change(`${20 + i}-0`, 100_000));
  stream.socket.resume();
  await stream.until('id: 20-0');
  // Some were left out; the next message after that is that there is more than was told.
  let id = 1000;
  while (!stream.text().includes('event: resync')) {
    feed.say(change(`${id++}-0`));
    await once(stream.socket, 'data');
  }
  expect(stream.text()).not.toContain('id: 219-0');
});

test('ends when the server stops, and takes nobody up again', async () => {
  const feed = speaking();
  const made = await serving({ broker: { watch: feed.watch } });
  const stream = await opened(made, operator);
  await stream.until('retry: 1000');
  const stopped = made.stop();
  await stream.closed;
  await stopped;
  expect(feed.listeners.size).toBe(0);
});

test('goes by a session as well, which the stream itself does not keep alive', async () => {
  const made = await consoleServing();
  const { cookie } = await signedIn(made);
  made.clock.set(now + 1_000_000);
  const stream = await opened(made, `Cookie: ${cookie}\r\nAccept: text/event-stream`);
  await stream.until('retry: 1000');
  const [{ until }] = [...made.store.kept.values()] as unknown as [{ until: number }];
  expect(until).toBe(now + 1_800_000);
});

test('ends, and says so, when what its reader proved itself by holds no more', async () => {
  jest.useFakeTimers({
    doNotFake: [
      'nextTick',
      'queueMicrotask',
      'setImmediate',
      'setTimeout',
      'clearTimeout',
      'performance',
      'Date',
    ],
  });
  try {
    let holds = true;
    const feed = speaking();
    const made = await serving({ broker: { watch: feed.watch, isStillProven: () => holds } });
    const stream = await opened(made, operator);
    await stream.until('retry: 1000');
    jest.advanceTimersByTime(15_000);
    await stream.until(': still here');
    holds = false;
    jest.advanceTimersByTime(15_000);
    await stream.until('event: over');
    expect(feed.listeners.size).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('is described for whoever is refused', async () => {
  const made = await serving();
  expect((await made.call('GET', '/v1/events', { token: null })).json['code']).toBe('identity.unproven');
  expect((await made.call('GET', '/v1/overview', { token: agentToken })).status).toBe(200);
});
