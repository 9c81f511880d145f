import { Fault } from '../kernel/fault.js';

/** Waits no longer than that for a provider; what it was waiting for goes on by itself. */
export function withinMs<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Fault('provider.timeout', 'The credential provider did not answer in time.')),
      timeoutMs,
    );
    const settled =
      <Settlement>(settle: (settlement: Settlement) => void) =>
      (settlement: Settlement) => {
        clearTimeout(timer);
        settle(settlement);
      };
    work.then(settled(resolve), settled(reject));
  });
}
