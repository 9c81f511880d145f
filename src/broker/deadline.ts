import { Fault } from '../kernel/fault.js';

/** Waits no longer than that for a provider; what it was waiting for goes on by itself. */
export async function withinMs<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Fault('provider.timeout', 'The credential provider did not answer in time.')),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
