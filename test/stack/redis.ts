import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { endWithUs } from './guard.js';
import { findProgram, freePort, start, stop } from './program.js';

export const redisPrograms = () => ({
  'redis-server': findProgram('redis-server'),
  'redis-cli': findProgram('redis-cli'),
});

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly directory: string;
  /** What redis-cli prints. */
  cli(...command: readonly string[]): string;
  /** Ends the process; what it has on disk stays. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again where it was, with what it has on disk, if it does not run; returns when it answers. */
  begin(): Promise<void>;
  /** Stops its execution: it keeps its connections, and answers nobody. */
  freeze(): void;
  thaw(): void;
  /** Ends it, and removes what it has on disk. */
  close(): Promise<void>;
}

export interface RedisOptions {
  /** redis-server parameters, after the usual ones: append-only file, no snapshots, loopback only. */
  readonly parameters?: readonly string[];
  /** redis-cli parameters that are needed to reach it: of TLS, of a user. */
  readonly reach?: readonly string[];
  /** A free one by default. */
  readonly port?: number;
  /** In the place of the usual: what makes it a sentinel. */
  readonly first?: readonly string[];
}

/** The rights of Protem's user as docs/redis.md tells an operator to give them, so that the tests live with those. */
export function documentedRights(): string[] {
  const text = readFileSync('docs/redis.md', 'utf8');
  const [, user = ''] = /```acl\nuser protem on >a-long-password ([^`]*)```/.exec(text) ?? [];
  return user.trim().split(/\s+/);
}
/** What a client of a cluster needs besides. */
export const rightsInCluster = ['+cluster|slots', '+cluster|info'];

const durable = ['--appendonly', 'yes', '--save', ''];

/** Real Redis on a free port and in a folder of its own, durable as Protem asks for it. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const programs = redisPrograms();
  const directory = mkdtempSync(join(tmpdir(), 'protem-redis-'));
  const port = options.port ?? (await freePort());
  let child: ChildProcess | undefined;

  const cli = (...command: string[]) => {
    const { stdout, stderr, status } = spawnSync(
      programs['redis-cli']!,
      ['-h', '127.0.0.1', '-p', String(port), ...(options.reach ?? []), ...command],
      { encoding: 'utf8', timeout: 10_000, cwd: directory },
    );
    if (status !== 0) throw new Error(`redis-cli ${command.join(' ')}: ${stderr}${stdout}`);
    return stdout.trim();
  };
  const begin = async () => {
    if (child && child.exitCode === null && child.signalCode === null) return;
    const server = start(
      programs['redis-server']!,
      [
        ...(options.first ?? durable),
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
        ...(options.parameters ?? []),
      ],
      { cwd: directory },
    );
    child = server.child;
    endWithUs(server.child);
    await eventually(`redis-server answers: ${server.output()}`, () => cli('ping') === 'PONG', 60_000);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child) await stop(child, signal);
  };
  await begin();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    directory,
    cli,
    end,
    begin,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async close() {
      await end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
