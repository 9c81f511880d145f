import { Fault } from '../kernel/fault.js';

/** Works of one name one after the other, those of other names beside them. */
export type Turns = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

/**
 * Turns within one process. When the state store is unavailable to one, it is to those that wait behind it: they do not
 * each find that out in its own time.
 */
export function openTurns(): Turns {
  const latest = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = latest.get(name) ?? Promise.resolve();
    const mine = before.then(work, (error: unknown) => {
      if (error instanceof Fault && error.code === 'state.unavailable') throw error;
      return work();
    });
    latest.set(name, mine);
    try {
      return await mine;
    } finally {
      if (latest.get(name) === mine) latest.delete(name);
    }
  };
}
