import type { Log } from '../broker/ports.js';
import { repeat } from '../worker/repeat.js';

/** What is lost of the store is noticed when it is older than this. */
const guardEveryMs = 1000;

/** How old what admission knows of the store may be. */
const lookEveryMs = 1000;

interface Looking {
  look(): Promise<void>;
}

/** Looks whether the store went back and how full it is: once before it returns, and from then on. */
export async function watchStore(
  guard: Looking | undefined,
  admission: Looking,
  log: Log,
  closing: (() => Promise<unknown>)[],
): Promise<void> {
  if (guard) await guard.look();
  await admission.look();
  if (guard) {
    const guarding = repeat(async () => {
      await guard.look();
      return guardEveryMs;
    }, log);
    closing.push(() => guarding.close());
  }
  const looking = repeat(async () => {
    await admission.look();
    return lookEveryMs;
  }, log);
  closing.push(() => looking.close());
}
