import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { mask } from './mask.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

export interface ChildOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What must not be seen in its output; undefined to pass the output as it is, on the terminal itself. */
  readonly hidden: readonly string[] | undefined;
}

export interface ChildEnd {
  /** As a shell gives it: 128 and the number of the signal that ended it. */
  readonly code: number;
  /** Whether a signal that came to this process was passed on. */
  readonly signalled: boolean;
}

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Runs a command to its end, with the signals that come to this process. @throws UsageError for a command that is not
 * there.
 */
export async function runChild(
  terminal: Terminal,
  [command = '', ...parameters]: readonly string[],
  { environment, hidden }: ChildOptions,
): Promise<ChildEnd> {
  const output = hidden ? 'pipe' : 'inherit';
  const child = spawn(command, parameters, {
    env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)),
    stdio: ['inherit', output, output],
  });
  let signalled = false;
  const pass = (signal: NodeJS.Signals) => {
    signalled = true;
    // A terminal sends Ctrl-C to everyone who runs in it, the child too.
    if (signal !== 'SIGINT' || !terminal.input.isTTY) child.kill(signal);
  };
  for (const signal of passedOn) process.on(signal, pass);
  for (const [from, to] of [
    [child.stdout, terminal.out],
    [child.stderr, terminal.err],
  ] as const) {
    // Whoever read the output may have gone; the child is told by its own writing.
    to.on('error', () => from?.destroy());
    from?.pipe(mask(hidden ?? [])).pipe(to, { end: false });
  }
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...end) => resolve(end));
    });
    return { code: code ?? 128 + (signal ? constants.signals[signal] : 0), signalled };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UsageError(`"${command}" could not be started: ${code}`);
  } finally {
    for (const signal of passedOn) process.off(signal, pass);
  }
}
