import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { apiClient } from '../../src/sandbox/story/api-client.js';
import type { Api } from '../../src/sandbox/story/api-client.js';
import { eventually } from './eventually.js';
import { endWithUs } from './guard.js';
import { stop } from './program.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A line of its log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly url?: string;
  readonly [field: string]: unknown;
}

/** One running `protem`, as an operator would start it. */
export interface Protem {
  readonly api: Api;
  /** Everything it has printed. */
  output(): string;
  log(): readonly LogLine[];
  /** SIGKILL: nothing can be tidied up. */
  kill(): Promise<void>;
  /** Resolves to the first line with this message. */
  says(message: string): Promise<LogLine>;
  /** SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null>;
  running(): boolean;
}

type Role = 'api' | 'worker' | 'serve';
type Environment = Readonly<Record<string, string>>;

/** What runs it, before its own parameters. */
type Program = readonly [string, ...string[]];

function launch(
  parameters: readonly string[],
  environment: Environment,
  [program, ...first]: Program = [process.execPath, main],
) {
  const child = spawn(program, [...first, ...parameters], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  return { child, output: () => output, complaints: () => complaints };
}

/** Starts it and waits until it says that it is running. */
export async function startProtem(
  role: Role,
  config: string,
  environment: Environment,
  program?: Program,
): Promise<Protem> {
  const { child, output, complaints } = launch([role, '--config', config], environment, program);
  const log = () =>
    output()
      .split('\n')
      .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : []));
  const running = () => child.exitCode === null && child.signalCode === null;
  const ready = await eventually(
    `protem ${role} runs`,
    () => {
      if (!running()) return { failed: true, url: undefined };
      return log().find(({ msg }) => msg === 'protem is running');
    },
    30_000,
  ).catch(() => ({ failed: true, url: undefined }));
  if ('failed' in ready) {
    await stop(child, 'SIGKILL');
    throw new Error(`protem ${role} does not run: ${complaints()}${output()}`);
  }
  return {
    api: apiClient(ready.url ?? 'http://no-api.invalid'),
    output: () => output() + complaints(),
    log,
    running,
    says: (message) => eventually(`it says "${message}"`, () => log().find(({ msg }) => msg === message)),
    kill: () => stop(child, 'SIGKILL'),
    async stop() {
      await stop(child);
      return child.exitCode;
    },
  };
}

/** Runs it to its end. */
export async function runProtem(
  parameters: readonly string[],
  environment: Environment = {},
): Promise<{ code: number | null; output: string; complaints: string }> {
  const { child, output, complaints } = launch(parameters, environment);
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code: child.exitCode, output: output(), complaints: complaints() };
}
