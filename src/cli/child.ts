import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Transform, Writable } from 'node:stream';
import { mask } from './mask.js';
import type { Signals } from './signals.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

export interface ChildOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What must not be seen in its output; undefined to pass the output as it is, on the terminal itself. */
  readonly hidden: readonly string[] | undefined;
  readonly signals: Signals;
}

export interface ChildEnd {
  /** As a shell gives it: 128 and the number of the signal that ended it. */
  readonly code: number;
  /** Resolves when all that it wrote has been passed on. */
  readonly written: Promise<void>;
}

/**
 * Runs a command until it exits, with the signals that come to this process. @throws UsageError for a command that is not
 * there.
 */
export async function runChild(
  terminal: Terminal,
  [command = '', ...parameters]: readonly string[],
  { environment, hidden, signals }: ChildOptions,
): Promise<ChildEnd> {
  const output = hidden ? 'pipe' : 'inherit';
  const child = spawn(command, parameters, {
    env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)),
    stdio: ['inherit', output, output],
  });
  signals.passTo((signal) => {
    // A terminal sends Ctrl-C to everyone who runs in it, the child too.
    if (signal === 'SIGINT' && terminal.input.isTTY) return;
    child.kill(signal);
    // One that was stopped takes no other signal before it goes on.
    if (signal === 'SIGTERM' || signal === 'SIGHUP') child.kill('SIGCONT');
  });
  const written = passOn(child, terminal, hidden ?? []);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code: code ?? 128 + (signal ? constants.signals[signal] : 0), written };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such command' : code;
    throw new UsageError(`"${command}" could not be started: ${why}`);
  } finally {
    signals.passTo();
  }
}

interface Pipe {
  readonly from: Readable;
  readonly masked: Transform;
  readonly to: Writable;
  /** False once whoever read it has gone: Node leaves its standard output open then, as if it were still to be drained. */
  isRead: boolean;
}

/** Passes the output on, masked. Resolves when the command has exited and all that it wrote has gone on. */
function passOn(child: ChildProcess, terminal: Terminal, hidden: readonly string[]): Promise<void> {
  const pipes = (
    [
      [child.stdout, terminal.out],
      [child.stderr, terminal.err],
    ] as const
  ).flatMap(([from, to]): Pipe[] => {
    if (!from) return [];
    const masked = from.pipe(mask(hidden));
    masked.pipe(to, { end: false });
    const pipe = { from, masked, to, isRead: true };
    // The child is told by its own writing.
    to.on('error', () => {
      pipe.isRead = false;
      from.destroy();
    });
    return [pipe];
  });
  return new Promise((resolve) => {
    let stop = () => {};
    const done = () => {
      stop();
      resolve();
    };
    child.once('error', done);
    child.once('close', done);
    child.once('exit', () => (stop = leaveBehind(pipes, done)));
  });
}

/**
 * A daemon that the command has left may hold its output open for as long as it lives. What the command itself wrote is
 * read in a few turns; only a reader that takes nothing more is waited for.
 */
function leaveBehind(pipes: readonly Pipe[], done: () => void): () => void {
  let turns = 0;
  const look = setInterval(() => {
    if (pipes.some(({ to, isRead }) => isRead && to.writableNeedDrain)) return;
    if (pipes.some(({ from }) => !from.closed) && ++turns < 10) return;
    clearInterval(look);
    for (const { from, masked } of pipes) {
      from.unpipe(masked);
      masked.end();
      from.destroy();
    }
    done();
  }, 50);
  return () => clearInterval(look);
}
