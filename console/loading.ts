import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { paused } from './live.js';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly fault: unknown;
  readonly again: () => void;
}

/** Loads when `key` changes, and every `everyMs` by itself unless updates are paused. What was there stays meanwhile. */
export function useLoaded<T>(
  key: string,
  load: (signal: AbortSignal, unattended: boolean) => Promise<T>,
  everyMs?: number,
): Loaded<T> {
  const value = useSignal<T | undefined>(undefined);
  const fault = useSignal<unknown>(undefined);
  const turn = useSignal(0);
  useEffect(() => {
    const stop = new AbortController();
    const run = (unattended: boolean) =>
      load(stop.signal, unattended).then(
        (loaded) => {
          if (stop.signal.aborted) return;
          value.value = loaded;
          fault.value = undefined;
        },
        (error: unknown) => {
          if (!stop.signal.aborted) fault.value = error;
        },
      );
    void run(false);
    const timer =
      everyMs === undefined
        ? undefined
        : setInterval(() => void (paused.peek() || document.hidden || run(true)), everyMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [key, turn.value]);
  return { value: value.value, fault: fault.value, again: () => void (turn.value += 1) };
}
