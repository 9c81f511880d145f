/** Places of the chain that follow each other. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** So that the memory of a verification does not grow with the log. What is beyond is counted. */
const mostRanges = 1000;

/** Places of the chain, in their order: how many, which, and on which line the first of them came up. */
export class Places {
  readonly #ranges: { first: number; last: number }[] = [];
  count = 0;
  firstLine: number | undefined;

  add(first: number, last: number, line: number): void {
    this.count += last - first + 1;
    this.firstLine ??= line;
    const before = this.#ranges.at(-1);
    if (before?.last === first - 1) before.last = last;
    else if (this.#ranges.length < mostRanges) this.#ranges.push({ first, last });
  }

  /** The first thousand ranges. */
  get ranges(): readonly Range[] {
    return this.#ranges;
  }
}
