import type { ServerResponse } from 'node:http';

const place = Symbol('place');
type Placed = ServerResponse & { [place]?: number | undefined };

/**
 * Responses that are not over yet. An array in which each knows its place, and no Set: a Set that is added to and deleted
 * from moves to a new table every few dozen times, and each old table, once V8 has promoted it, keeps whole requests alive
 * until the next full collection. That made every small collection four times as long.
 */
export class InFlight implements Iterable<ServerResponse> {
  readonly #all: Placed[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(res: ServerResponse): void {
    (res as Placed)[place] = this.#all.push(res) - 1;
  }

  delete(res: ServerResponse): void {
    const at = (res as Placed)[place];
    if (at === undefined) return;
    (res as Placed)[place] = undefined;
    const last = this.#all.pop()!;
    if (last === res) return;
    this.#all[at] = last;
    last[place] = at;
  }

  /** Those of now, whatever happens meanwhile. */
  [Symbol.iterator](): Iterator<ServerResponse> {
    return [...this.#all][Symbol.iterator]();
  }
}
