import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { ProtemFault } from '../../src/sdk/index.js';
import { serving } from '../http/serving.js';
import { answering, clientOf, granted, problem, scripted } from './asking.js';

const credential = 'reports-reader';
const ask = { intent: 'count', deadline: '1h' };
const enough = new Error('enough');

test('a task whose signal is aborted ends as cancelled at once, however long its work goes on', async () => {
  const served = await serving();
  const client = clientOf(served.url);
  const control = new AbortController();
  const begun = new EventTarget();
  const working = client.withTask(
    ask,
    async ({ id }) => {
      await client.acquire({ task: id, credential });
      begun.dispatchEvent(new Event('begun'));
      return new Promise<never>(() => {});
    },
    { signal: control.signal },
  );
  await once(begun, 'begun');
  control.abort(enough);
  await expect(working).rejects.toBe(enough);
  expect([...served.broker.tasks.values()].map(({ outcome }) => outcome)).toEqual(['cancelled']);
  expect(client.held).toEqual([]);
});

test('work that heeds the signal may throw what it likes: the task is cancelled, and nothing is left unhandled', async () => {
  const served = await serving();
  const control = new AbortController();
  const working = clientOf(served.url).withTask(
    ask,
    async () => {
      control.abort(enough);
      throw new Error('the work has stopped');
    },
    { signal: control.signal },
  );
  await expect(working).rejects.toThrow(/enough|stopped/);
  expect([...served.broker.tasks.values()].map(({ outcome }) => outcome)).toEqual(['cancelled']);
});

test('a signal that is never aborted, or only afterwards, changes nothing', async () => {
  const served = await serving();
  const control = new AbortController();
  const { signal } = control;
  expect(await clientOf(served.url).withTask(ask, async () => 42, { signal })).toBe(42);
  control.abort(enough);
  expect([...served.broker.tasks.values()].map(({ outcome }) => outcome)).toEqual(['completed']);
  await expect(clientOf(served.url).withTask(ask, async () => 42, { signal })).rejects.toBe(enough);
  expect(served.broker.tasks.size).toBe(1);
});

test('a signal ends the waiting for a release, and the lease is given back all the same', async () => {
  const served = await serving();
  const client = clientOf(served.url);
  const { id: task } = await client.openTask(ask);
  const lease = await client.acquire({ task, credential });
  await expect(lease.release('done', AbortSignal.abort(enough))).rejects.toBe(enough);
  await lease.release();
  expect(client.held).toEqual([]);
  expect(served.broker.calls.filter(({ verb }) => verb === 'revokeLease')).toHaveLength(1);
});

test('a release that nobody waited for and that fails is told as one in the background', async () => {
  const { fetch } = scripted(answering(201, granted()), problem('lease.unknown', 404, false));
  const told = new Promise<unknown>((tell) => {
    const client = clientOf('https://broker.test', {
      fetch,
      onReleaseFailed: (_lease, error) => tell(error),
    });
    void client.acquire({ task: 'tsk_AAAAAAAA', credential }).then(async (lease) => {
      await lease.release('done', AbortSignal.abort(enough)).catch(() => {});
    });
  });
  expect(await told).toMatchObject({ code: 'lease.unknown' });
  expect(await told).toBeInstanceOf(ProtemFault);
});
