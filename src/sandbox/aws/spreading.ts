/** What was changed, and is seen everywhere only after a while: IAM is eventually consistent. */
export interface Spreading<T> {
  /** As whoever changes it sees it. */
  readonly latest: T;
  change(to: T, now: number): void;
  /** As the services see it that decide on requests. */
  seen(now: number, delayMs: number): T;
}

export function spreading<T>(first: T): Spreading<T> {
  let versions: { readonly value: T; readonly at: number }[] = [{ value: first, at: -Infinity }];
  const latest = () => versions.at(-1)!.value;
  return {
    get latest() {
      return latest();
    },
    change(value, at) {
      versions.push({ value, at });
    },
    seen(now, delayMs) {
      const seen = versions.findLastIndex(({ at }) => at + delayMs <= now);
      versions = versions.slice(seen);
      return versions[0]!.value;
    },
  };
}
