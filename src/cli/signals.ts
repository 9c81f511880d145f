import { constants } from 'node:os';

const ending = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const other = ['SIGUSR1', 'SIGUSR2'] as const;

/** What is thrown when a signal came before there was a command to take it. */
export class Interrupted extends Error {
  /** As a shell gives it: 128 and the number of the signal. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`Ended by ${signal} before the command was started.`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * The signals that come to this process while it has a task to end: none of them ends the process. They go to the
 * command while one runs; before that they break off what is waited for; after it they change nothing.
 */
export class Signals {
  readonly #early = new AbortController();
  readonly #on = (signal: NodeJS.Signals) => this.#take(signal);
  #to: ((signal: NodeJS.Signals) => void) | undefined;
  #asked = false;
  #hungUp = false;

  constructor() {
    for (const signal of [...ending, ...other]) process.on(signal, this.#on);
  }

  /** Aborted, with `Interrupted`, by a signal to end that comes while no command runs. */
  get early(): AbortSignal {
    return this.#early.signal;
  }

  /** Whether a signal to end has come. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Who takes what comes from now on; nobody when left out. */
  passTo(to?: (signal: NodeJS.Signals) => void): void {
    this.#to = to;
  }

  /** From now on a signal does what it does by itself. */
  close(): void {
    for (const signal of [...ending, ...other]) process.off(signal, this.#on);
    // At its exit Node sets its terminal back, and aborts, with a core, when the terminal has gone. The signal does not.
    const { stdin, stdout, stderr } = process;
    if (this.#hungUp && [stdin, stdout, stderr].some(({ isTTY }) => isTTY))
      process.kill(process.pid, 'SIGHUP');
  }

  #take(signal: NodeJS.Signals): void {
    const ends = ending.some((name) => name === signal);
    if (ends) this.#asked = true;
    if (signal === 'SIGHUP') this.#hungUp = true;
    if (this.#to) this.#to(signal);
    else if (ends) this.#early.abort(new Interrupted(signal));
  }
}
