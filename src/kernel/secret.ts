// Node's inspector looks for this symbol; by its name, so that clients in a browser have the class too.
const inspected = Symbol.for('nodejs.util.inspect.custom');

/**
 * A value that must be asked for. It prints as `[secret]` in logs, JSON, templates and the inspector;
 * only `reveal()` gives it out, so every place that does can be found by that word.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspected](): string {
    return '[secret]';
  }
}
