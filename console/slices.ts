const sliceMs = 8;

/** Until the browser has done what waits, such as a frame. A timer is slowed down in a tab that nobody looks at. */
const breath = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });

/**
 * Does something with each of many, some milliseconds at a time, so that frames come between.
 * False when it was told to stop before the end.
 */
export async function inSlices<T>(
  all: Iterable<T>,
  each: (one: T) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let until = performance.now() + sliceMs;
  for (const one of all) {
    if (signal.aborted) return false;
    each(one);
    if (performance.now() < until) continue;
    await breath();
    until = performance.now() + sliceMs;
  }
  return !signal.aborted;
}
