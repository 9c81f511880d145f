import { setTimeout as wait } from 'node:timers/promises';
import type { Asked, Write, Writer } from './writer.js';

interface Waiting {
  readonly asked: Asked;
  readonly done: (written: Write['written']) => void;
  readonly failed: (error: unknown) => void;
}

/** So many that end at about the same time go into one write. */
const gatherMs = 250;
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/**
 * Gathers what is to be denied, and writes once for all of it: what comes while a write is under way waits for the next.
 * After a failure it refuses for a moment, so that an account that is down holds up nobody who waits for another: the
 * ledger asks again.
 */
export function openBatch(writer: Writer, onWritten: (write: Write) => void) {
  let waiting: Waiting[] = [];
  let underWay = false;
  let failures = 0;
  let refusing: { readonly until: number; readonly error: unknown } | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      await wait(gatherMs);
      const batch = waiting;
      waiting = [];
      try {
        const write = await writer.write(batch.map(({ asked }) => asked));
        failures = 0;
        onWritten(write);
        for (const { done } of batch) done(write.written);
      } catch (error) {
        refusing = { until: performance.now() + backoffMs(failures++), error };
        for (const { failed } of [...batch, ...waiting]) failed(error);
        waiting = [];
      }
    }
  }

  return {
    /** Resolves when it stands at AWS that the session is denied. */
    deny(asked: Asked): Promise<Write['written']> {
      if (refusing && performance.now() < refusing.until) return Promise.reject(refusing.error as Error);
      return new Promise((done, failed) => {
        waiting.push({ asked, done, failed });
        if (underWay) return;
        underWay = true;
        void writeAll().finally(() => (underWay = false));
      });
    },
  };
}

/** Half a second, doubled with every failure, up to half a minute; jitter in the upper half. */
function backoffMs(failures: number, random = Math.random): number {
  const ceiling = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures, 10));
  return ceiling / 2 + (random() * ceiling) / 2;
}
