import { expect, test } from '@jest/globals';
import { readKeySet, type KeySet } from '../../src/identity/key-set.js';
import { createKeySource, type KeyTiming } from '../../src/identity/key-source.js';
import { keysUnavailable } from '../../src/identity/refusal.js';
import { bundleOf, makeSigner, type Signer } from './signer.js';

const [a, b] = [makeSigner('ES256', 'a'), makeSigner('ES256', 'b')];
const setOf = (...signers: Signer[]): KeySet => readKeySet(bundleOf(...signers), 'jwt-svid');
const down = keysUnavailable('keys.unreachable');

/** A source whose publisher and clock are set by hand. */
function published(initial: KeySet | Error, timing: Partial<KeyTiming> = {}, refreshInSeconds?: number) {
  let now = 1_000_000;
  let publishes: KeySet | Error = initial;
  const state = { loads: 0, hold: undefined as Promise<void> | undefined };
  const source = createKeySource(
    async () => {
      state.loads += 1;
      const answer = publishes;
      await state.hold;
      if (answer instanceof Error) throw answer;
      return { keySet: answer, ...(refreshInSeconds !== undefined && { refreshInSeconds }) };
    },
    { refreshSeconds: undefined, staleSeconds: 3600, ...timing },
    () => now,
  );
  return {
    source,
    state,
    publish: (next: KeySet | Error) => (publishes = next),
    advance: (seconds: number) => (now += seconds * 1000),
    kids: async () => (await source.keys()).kids,
  };
}

/** Lets what is already settled run on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('nothing is read before keys are needed, and then once for all who wait', async () => {
  const { source, state } = published(setOf(a));
  expect(state.loads).toBe(0);
  expect(source.current()).toBeUndefined();
  const sets = await Promise.all([source.keys(), source.keys(), source.keys()]);
  expect(state.loads).toBe(1);
  expect(new Set(sets).size).toBe(1);
  expect(source.current()).toBe(sets[0]);
});

test.each([
  ['the default', undefined, undefined, 300],
  ['the hint of the publisher', 60, undefined, 60],
  ['the settings before the hint', 60, 120, 120],
  ['at most an hour', 2_419_200, undefined, 3600],
  ['at least ten seconds', 1, undefined, 10],
])('WID-07: keys are read again after a time: %s', async (_, hint, refreshSeconds, expected) => {
  const { state, kids, publish, advance } = published(setOf(a), { refreshSeconds }, hint);
  await kids();
  publish(setOf(b));
  advance(expected - 1);
  expect(await kids()).toEqual(['a']);
  advance(1);
  expect(await kids()).toEqual(['b']);
  expect(state.loads).toBe(2);
});

test('WID-07: a set that was emptied is taken as it is, not for a failure', async () => {
  const { kids, publish, advance } = published(setOf(a));
  await kids();
  publish(setOf());
  advance(300);
  expect(await kids()).toEqual([]);
});

test('the same keys stay the same set when they are read again', async () => {
  const { source, publish, advance, state } = published(setOf(a, b));
  const before = await source.keys();
  publish(setOf(a, b));
  advance(300);
  expect(await source.keys()).toBe(before);
  expect(state.loads).toBe(2);
});

test('a source that is down leaves its keys in use, nobody waits for it twice, and at the limit they end', async () => {
  const { source, kids, publish, advance, state } = published(setOf(a), { staleSeconds: 100 });
  await kids();
  publish(down);
  advance(300);
  expect(await kids()).toEqual(['a']);
  expect(state.loads).toBe(2);
  expect(source.current()?.kids).toEqual(['a']);
  expect(state.loads).toBe(2);
  advance(30);
  expect(source.current()?.kids).toEqual(['a']);
  await settled();
  expect(state.loads).toBe(3);
  advance(70);
  expect(source.current()).toBeUndefined();
  await expect(source.keys()).rejects.toMatchObject({
    code: 'identity.unavailable',
    reason: 'keys.unreachable',
  });
});

test('keys come back when their source does', async () => {
  const { kids, publish, advance, source } = published(setOf(a), { staleSeconds: 10 });
  await kids();
  publish(down);
  advance(320);
  await expect(source.keys()).rejects.toMatchObject({ code: 'identity.unavailable' });
  publish(setOf(b));
  advance(1);
  expect(await kids()).toEqual(['b']);
});

test('a source that was never read is asked again a second later, then less and less often', async () => {
  const { source, state, advance } = published(down);
  await expect(source.keys()).rejects.toBe(down);
  await expect(source.keys()).rejects.toBe(down);
  expect(state.loads).toBe(1);
  advance(1);
  await expect(source.keys()).rejects.toBe(down);
  advance(1);
  await expect(source.keys()).rejects.toBe(down);
  expect(state.loads).toBe(2);
  advance(1);
  await expect(source.keys()).rejects.toBe(down);
  expect(state.loads).toBe(3);
});

test('after a quiet time the source is asked before old keys are used, though it was down when last asked', async () => {
  const { kids, publish, advance } = published(setOf(a));
  await kids();
  publish(down);
  advance(300);
  expect(await kids()).toEqual(['a']);
  publish(setOf());
  advance(600);
  expect(await kids()).toEqual([]);
});

test('a key not seen before makes it ask at once, but not for every such token', async () => {
  const { source, publish, advance, state } = published(setOf(a));
  const before = await source.keys();
  publish(setOf(a, b));
  const [one, two] = await Promise.all([source.newerThan(before), source.newerThan(before)]);
  expect(one?.kids).toEqual(['a', 'b']);
  expect(two).toBe(one);
  expect(state.loads).toBe(2);
  const after = await source.keys();
  expect(await source.newerThan(after)).toBeUndefined();
  expect(state.loads).toBe(2);
  advance(30);
  expect(await source.newerThan(after)).toBeUndefined();
  expect(state.loads).toBe(3);
});

test('a failure before the keys are due does not keep them in use after', async () => {
  const { source, kids, publish, advance } = published(setOf(a));
  const before = await source.keys();
  advance(290);
  publish(down);
  await expect(source.newerThan(before)).rejects.toBe(down);
  publish(setOf());
  advance(10);
  expect(await kids()).toEqual([]);
});

test('a key not seen before while the source is down is not called unknown', async () => {
  const { source, publish } = published(setOf(a));
  const before = await source.keys();
  publish(down);
  await expect(source.newerThan(before)).rejects.toMatchObject({ code: 'identity.unavailable' });
  expect((await source.keys()).kids).toEqual(['a']);
});
