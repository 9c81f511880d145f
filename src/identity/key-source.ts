import type { Clock } from '../kernel/clock.js';
import { Fault } from '../kernel/fault.js';
import type { KeySet } from './key-set.js';
import { keysUnavailable } from './refusal.js';

export interface LoadedKeys {
  readonly keySet: KeySet;
  /** How soon the publisher wants to be asked again. */
  readonly refreshInSeconds?: number;
}

/** Reads the keys where they are published; throws Fault `identity.unavailable`. */
export type LoadKeys = () => Promise<LoadedKeys>;

export interface KeyTiming {
  /** Asked again after this long; undefined: as the publisher says, else `defaultRefreshSeconds`. */
  readonly refreshSeconds: number | undefined;
  /** How much longer keys are used when their source cannot be read. */
  readonly staleSeconds: number;
}

/** The keys of one issuer or trust domain, kept current: by time, and when a token names a key not seen before. */
export interface KeySource {
  /** The keys when they can be used without asking; undefined when it is time to ask. */
  current(): KeySet | undefined;
  /** Asks when it is time. Throws Fault `identity.unavailable` when there are no keys that may be used. */
  keys(): Promise<KeySet>;
  /** Asks again because nothing in `seen` fits. Undefined when there is nothing newer or it was asked just now. */
  newerThan(seen: KeySet): Promise<KeySet | undefined>;
}

/** SPIFFE Trust Domain and Bundle section 4.1.3 suggests five minutes when the bundle gives no hint. */
const defaultRefreshSeconds = 300;
const shortestRefreshSeconds = 10;
const longestRefreshSeconds = 3600;
const unknownKeyCoolDownMs = 30_000;
const longestRetryMs = 30_000;

export function createKeySource(load: LoadKeys, timing: KeyTiming, clock: Clock): KeySource {
  let known: KeySet | undefined;
  let refreshAt = 0;
  let failure: Fault | undefined;
  let failedAt = -Infinity;
  let failures = 0;
  let retryAt = 0;
  let askedForUnknownAt = -Infinity;
  let asking: Promise<void> | undefined;

  /** Single flight; never rejects, what happened is in the variables above. */
  function refresh(): Promise<void> {
    asking ??= load()
      .then(succeed, fail)
      .finally(() => (asking = undefined));
    return asking;
  }

  function succeed({ keySet, refreshInSeconds }: LoadedKeys): void {
    // The same keys stay the same object: what was verified with them stays verified.
    if (known?.fingerprint !== keySet.fingerprint) known = keySet;
    refreshAt = clock() + refreshAfter(timing.refreshSeconds ?? refreshInSeconds) * 1000;
    failure = undefined;
    failures = 0;
  }

  function fail(cause: unknown): void {
    failure = cause instanceof Fault ? cause : keysUnavailable('keys.unreachable', cause);
    failedAt = clock();
    retryAt = failedAt + Math.min(longestRetryMs, 1000 * 2 ** failures++);
  }

  function current(): KeySet | undefined {
    const now = clock();
    if (known === undefined || now < refreshAt) return known;
    const isDown = failedAt >= refreshAt && now < retryAt + longestRetryMs;
    if (!isDown || now >= refreshAt + timing.staleSeconds * 1000) return undefined;
    // The source did not answer a moment ago: go on with the keys as they were, and ask beside it.
    if (now >= retryAt) void refresh();
    return known;
  }

  async function keys(): Promise<KeySet> {
    const usable = current();
    if (usable) return usable;
    if (failure === undefined || asking || clock() >= retryAt) await refresh();
    const found = current();
    if (found) return found;
    throw failure ?? keysUnavailable('keys.unreachable');
  }

  async function newerThan(seen: KeySet): Promise<KeySet | undefined> {
    if (known !== seen) return known;
    if (asking === undefined) {
      if (clock() < askedForUnknownAt + unknownKeyCoolDownMs) return undefined;
      askedForUnknownAt = clock();
    }
    await refresh();
    // Unreadable is not the same as unknown: the key may be there.
    if (failure) throw failure;
    return known === seen ? undefined : known;
  }

  return { current, keys, newerThan };
}

const refreshAfter = (seconds: number | undefined): number =>
  Math.min(longestRefreshSeconds, Math.max(shortestRefreshSeconds, seconds ?? defaultRefreshSeconds));
