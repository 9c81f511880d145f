import { Fault } from '../../../../kernel/fault.js';
import type { ProviderWorld } from '../../../world.js';

/** Fuller than this, of its share, a document gives up what it can, and takes no new lease if that is too little. */
export const fullAt = 0.9;
const knownForMs = 5000;

/**
 * How full the documents of groups are, as the last writers told. It is looked up beside issuing, never before it: what
 * it says may be a few seconds old, and one tenth of a share is left for those.
 */
export function openRoom({ shared, clock, log }: Pick<ProviderWorld, 'shared' | 'clock' | 'log'>) {
  const known = new Map<string, { fill: number; readonly askedAt: number }>();

  function fillOf(group: string): number {
    const last = known.get(group);
    if (!last || clock() - last.askedAt > knownForMs) {
      known.set(group, { fill: last?.fill ?? 0, askedAt: clock() });
      void shared.note('written', group).then(
        (note) =>
          known.set(group, { fill: note ? ratio(note['size'], note['capacity']) : 0, askedAt: clock() }),
        (error: unknown) => log.warn({ group, err: error }, 'how full a deny document is could not be read'),
      );
    }
    return known.get(group)?.fill ?? 0;
  }

  return {
    /** The first with room. Throws Fault `provider.full` when there is none. */
    choose<Choice>(choices: readonly Choice[], groupOf: (choice: Choice) => string): Choice {
      const found = choices.find((choice) => fillOf(groupOf(choice)) <= fullAt);
      if (found !== undefined) return found;
      throw new Fault('provider.full', 'As many sessions are live on the role as can be cut off there.', {
        retryAfterSeconds: 30,
        reason: choices.map(groupOf).join(', '),
      });
    },
  };
}

const ratio = (size: unknown, capacity: unknown): number =>
  Number(capacity) > 0 ? Number(size) / Number(capacity) : 1;
