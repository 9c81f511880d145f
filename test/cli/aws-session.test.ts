import { expect, test } from '@jest/globals';
import { AwsSession } from '../../src/cli/aws-session.js';
import { answering, clientOf, granted, problem } from '../sdk/asking.js';

const minute = 60_000;
const start = Date.parse('2030-01-01T00:00:00Z');

/** A broker in a few lines, on a clock that the test sets; it mints sessions of `minutes`. */
function forwarding(minutes: number, options: { renewable?: boolean } = {}) {
  const state = { now: start, minted: 0, renewed: 0, looked: 0, task: 'open', away: false };
  const session = (n: string) => ({
    AccessKeyId: `ASIA${n}`,
    SecretAccessKey: 'x',
    SessionToken: 'y',
    Expiration: new Date(state.now + minutes * minute).toISOString(),
  });
  const lease = (granted() as { lease: object }).lease;
  const fetch = async (input: unknown): Promise<Response> => {
    const path = new URL(String(input)).pathname;
    if (state.away) throw new TypeError('fetch failed');
    if (path.endsWith('/credentials')) {
      if (state.task !== 'open') return problem('task.ended', 403, false);
      state.minted++;
      return answering(201, { lease, secret: session(`m${state.minted}`) });
    }
    if (path.endsWith('/renew')) {
      if (state.task !== 'open') return problem('task.ended', 403, false);
      if (!options.renewable) return problem('lease.not_renewable', 422, false);
      state.renewed++;
      return answering(200, { lease, secret: session(`r${state.renewed}`) });
    }
    state.looked++;
    return answering(200, { id: 'tsk_AAAAAAAA', state: state.task });
  };
  const client = clientOf('https://broker.test', { fetch: fetch as typeof globalThis.fetch, attempts: 1 });
  const ask = { task: 'tsk_AAAAAAAA', credential: 'reports-reader' };
  const forwarder = new AwsSession(client, ask, () => state.now);
  const key = async (atMinute: number) => {
    state.now = start + atMinute * minute;
    return (await forwarder.current())['AccessKeyId'];
  };
  return { state, forwarder, key };
}

test('a session of an hour serves all who ask until SDKs would ask at every call', async () => {
  const { key, state } = forwarding(60);
  for (const at of [0, 10, 44]) expect(await key(at)).toBe('ASIAm1');
  expect(await key(45)).toBe('ASIAm2');
  expect(state.minted).toBe(2);
});

test('slices are carried on by renewing, at two thirds of their time', async () => {
  const { key, state } = forwarding(9, { renewable: true });
  for (const at of [0, 5.9]) expect(await key(at)).toBe('ASIAm1');
  expect(await key(6)).toBe('ASIAr1');
  expect(await key(12)).toBe('ASIAr2');
  expect(state.minted).toBe(1);
});

test('many who ask at once are one request', async () => {
  const { forwarder, state } = forwarding(60);
  await Promise.all(Array.from({ length: 50 }, () => forwarder.current()));
  expect(state.minted).toBe(1);
});

test('whoever asks after the end of the task is refused, though the session would last', async () => {
  const { key, state } = forwarding(60);
  await key(0);
  state.task = 'ended';
  await expect(key(1)).rejects.toMatchObject({ code: 'task.ended', status: 403 });
  await expect(key(2)).rejects.toMatchObject({ code: 'task.ended' });
});

test('the task is looked at whenever somebody asks, once for all who ask together', async () => {
  const { forwarder, key, state } = forwarding(60);
  await key(0);
  await key(1);
  await Promise.all(Array.from({ length: 50 }, () => forwarder.current()));
  expect([state.looked, state.minted]).toEqual([2, 1]);
});

test('while the broker is away the session in hand is served to its last half minute', async () => {
  const { key, state } = forwarding(60);
  await key(0);
  state.away = true;
  expect(await key(50)).toBe('ASIAm1');
  expect(await key(59.4)).toBe('ASIAm1');
  await expect(key(59.6)).rejects.toMatchObject({ code: 'client.unreachable' });
  state.away = false;
  expect(await key(61)).toBe('ASIAm2');
});
