import { execFileSync, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../stack/guard.js';
import { stop } from '../stack/program.js';
import { clientOf } from './client.js';
import type { Client } from './client.js';
import type { CrashPoint } from './crash-points.js';
import type { Begin, Says, Told } from './protem-process.js';

const program = fileURLToPath(new URL('./protem-process.js', import.meta.url));

/**
 * For a test that starts thousands of processes: the same program in one file, with its code compiled, and with its
 * WebAssembly compiled once and not a second time for speed. A start took two seconds of a core without all that.
 */
export function quickStart(): ForkOptions {
  const bundle = program.replace(/\.js$/, `.bundle.${process.pid}.cjs`);
  const compiled = resolve('scripts/run-compiled.cjs');
  // The last is what the program sets for itself: the code holds for one set of options.
  const execArgv = ['--liftoff-only', '--no-turbo-inline-js-wasm-calls'];
  execFileSync(process.execPath, ['scripts/bundle-process.mjs', program, bundle]);
  execFileSync(process.execPath, [...execArgv, compiled, bundle, 'leave']);
  return { program: compiled, arguments: [bundle], execArgv };
}

/** One real process of Protem. */
export interface Process {
  readonly pid: number;
  readonly role: Begin['role'];
  /** Of the API; nobody answers there while it is not running. */
  readonly api: Client;
  dieAt(point: CrashPoint): void;
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  alive(): boolean;
  output(): string;
}

export interface ForkOptions {
  readonly program?: string;
  readonly arguments?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Loaded {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly hears: (is: Says['is']) => Promise<Says>;
}

function load({
  program: file = program,
  arguments: given = [],
  execArgv = [],
  environment = {},
}: ForkOptions = {}): Loaded {
  const child = fork(file, given, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', ...execArgv],
    env: {
      PATH: process.env['PATH'],
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
    },
  });
  endWithUs(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-8000)));
  const said = new Map<string, Says>();
  child.on('message', (says: Says) => said.set(says.is, says));
  const hears = async (is: Says['is']) => {
    while (!said.has(is)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended early: ${output}`);
      await Promise.race([once(child, 'message'), once(child, 'exit')]);
    }
    return said.get(is)!;
  };
  return { child, output: () => output, hears };
}

/** Starts processes; the next is always loaded already, since loading is most of a start. */
export function processes(options: ForkOptions = {}) {
  const spare: Loaded[] = [];
  const all = new Set<ChildProcess>();
  const refill = () => {
    const loaded = load(options);
    all.add(loaded.child);
    loaded.child.once('exit', () => all.delete(loaded.child));
    spare.push(loaded);
  };
  return {
    async start(role: Begin['role'], config: string): Promise<Process> {
      if (spare.length === 0) refill();
      const { child, output, hears } = spare.shift()!;
      refill();
      await hears('loaded');
      const tell = (told: Told) => void (child.connected && child.send(told, () => {}));
      tell({ begin: { config, role } });
      const { url } = await hears('running');
      return {
        pid: child.pid!,
        role,
        api: clientOf(url ?? 'http://no-api.invalid'),
        dieAt: (point) => tell({ dieAt: point }),
        kill: () => stop(child, 'SIGKILL'),
        signal: (signal) => void child.kill(signal),
        ended: new Promise<void>((resolve) =>
          child.exitCode !== null || child.signalCode !== null
            ? resolve()
            : child.once('exit', () => resolve()),
        ),
        alive: () => child.exitCode === null && child.signalCode === null,
        output,
      };
    },
    async close() {
      await Promise.all([...all].map((child) => stop(child, 'SIGKILL')));
    },
  };
}

export type Processes = ReturnType<typeof processes>;
