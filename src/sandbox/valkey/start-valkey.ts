import { fork } from 'node:child_process';
import { once } from 'node:events';
import { portOrFree } from '../port.js';

export interface EmbeddedValkey {
  readonly url: string;
  close(): Promise<void>;
}

/** Embedded Valkey on loopback; nothing in it is durable. It ends with this process. */
export async function startValkey(port?: number): Promise<EmbeddedValkey> {
  const listenOn = port ?? (await portOrFree(0));
  const child = fork(new URL('./valkey-child.js', import.meta.url), [String(listenOn)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  if (said !== 'ready') throw new Error('embedded Valkey did not start');
  return {
    url: `redis://127.0.0.1:${listenOn}`,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      // The signal that ends this process may have reached it as well.
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
