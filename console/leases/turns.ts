/** Moments, by whose coming something that does not change of itself has to be looked at anew. */
export interface Turns {
  /** Looked at anew when the clock has passed `at`, in ms since the epoch; once, however often it is said. */
  expect(id: string, at: number): void;
  /** Whose moment has come since this was asked last. */
  due(now: number): string[];
}

/** To the second, which is how often it is asked. */
export function turns(start: number): Turns {
  const bySecond = new Map<number, Set<string>>();
  let told = secondOf(start);
  return {
    expect(id, at) {
      if (at === Infinity) return;
      const second = Math.max(secondOf(at), told) + 1;
      const those = bySecond.get(second);
      if (those) those.add(id);
      else bySecond.set(second, new Set([id]));
    },

    due(now) {
      const come: string[] = [];
      for (const until = secondOf(now); told < until;) {
        come.push(...(bySecond.get(++told) ?? []));
        bySecond.delete(told);
      }
      return come;
    },
  };
}

const secondOf = (ms: number): number => Math.floor(ms / 1000);
