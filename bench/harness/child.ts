import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Load } from './wrk.js';

export interface ServerChild {
  readonly port: number;
  readonly pid: number;
  /** Seconds of CPU the process has used, user and system. */
  cpuSeconds(): Promise<number>;
  stop(): void;
}

/** How the Dockerfile starts Node; the echo gets the same. */
export const asInProduction = ['--max-semi-space-size=64', '--disable-warning=ExperimentalWarning'];

/** A server in a process of its own, so that whoever loads it does not share its event loop. */
export async function startChild(script: URL, config: object): Promise<ServerChild> {
  const child = fork(script, [JSON.stringify(config)], {
    execArgv: asInProduction,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  });
  const [port] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`${script.pathname} did not start`);
    }),
  ])) as [number];
  return {
    port,
    pid: child.pid!,
    async cpuSeconds() {
      child.send('cpu');
      const [usage] = (await once(child, 'message')) as [NodeJS.CpuUsage];
      return (usage.user + usage.system) / 1e6;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

/** Loads the server, and says what a request cost it; unlike the rate, that hardly depends on what else runs. */
export async function costing(server: ServerChild, load: () => Promise<Load>): Promise<Load> {
  const before = await server.cpuSeconds();
  const measured = await load();
  return { ...measured, cpuMicros: (((await server.cpuSeconds()) - before) * 1e6) / measured.requests };
}

/** In the child: answers the parent, and ends with it. */
export function answerParent(port: number): void {
  process.on('message', (message) => {
    if (message === 'cpu') process.send?.(process.cpuUsage());
  });
  process.once('disconnect', () => process.exit(0));
  process.send?.(port);
}
