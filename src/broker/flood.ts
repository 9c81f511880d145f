import type { AuditEvent } from '../audit/event.js';

/** What a caller can cause in a loop, unproven or beyond its quota: told once, then counted, never dropped. */
export type Counted = Extract<
  AuditEvent,
  {
    type:
      | 'identity.refused'
      | 'hook.refused'
      | 'signal.refused'
      | 'credential.limited'
      | 'task.limited'
      | 'call.refused';
  }
>;

type Uncounted = Counted extends infer Each ? (Each extends Counted ? Omit<Each, 'count'> : never) : never;

export interface Flood {
  /** Durable when it returns, if it is the first of its kind in this window; otherwise at the end of the window. */
  tell(event: Uncounted): Promise<void>;
  /** Whether what this caller is told may have a record of its own: the first `most` of a window may. */
  hasRoomFor(caller: string, most?: number): boolean;
  /** Writes down what was only counted so far. */
  close(): Promise<void>;
}

/** So many records of its own a caller may cause in a window; the rest is counted. */
const toldOfEach = 50;

/**
 * Whoever has no token at all can be refused thousands of times a second, and every record stays. So equal refusals
 * within a window become two records: the first, and how many came after it.
 */
export function flood(record: (event: AuditEvent) => Promise<void>, windowMs = 1000): Flood {
  const repeats = new Map<string, number>();
  const told = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    let failed: unknown;
    const counted = [...repeats];
    repeats.clear();
    told.clear();
    for (const [text, count] of counted)
      if (count > 0)
        await record({ ...(JSON.parse(text) as Counted), count }).catch((error: unknown) => {
          // What could not be written is counted on, and written with the next window.
          repeats.set(text, (repeats.get(text) ?? 0) + count);
          timer ??= setTimeout(() => void flush().catch(() => {}), windowMs).unref();
          failed = error;
        });
    if (failed !== undefined) throw failed;
  }

  return {
    hasRoomFor(caller, most = toldOfEach) {
      const before = told.get(caller) ?? 0;
      told.set(caller, before + 1);
      timer ??= setTimeout(() => void flush().catch(() => {}), windowMs).unref();
      return before < most;
    },
    async tell(event) {
      const text = JSON.stringify(event);
      const seen = repeats.get(text);
      repeats.set(text, seen === undefined ? 0 : seen + 1);
      timer ??= setTimeout(() => void flush().catch(() => {}), windowMs).unref();
      if (seen === undefined) await record({ ...(event as Counted), count: 1 });
    },
    close: flush,
  };
}
