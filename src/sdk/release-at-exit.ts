import type { Caller, CallerOptions } from './call.js';
import type { HeldLease } from './held-lease.js';

type Node = Pick<NodeJS.Process, 'on' | 'off' | 'kill' | 'pid' | 'execPath' | 'listenerCount'> & {
  getBuiltinModule?(name: string): unknown;
};

/** One client that holds something. */
interface Holder {
  readonly options: CallerOptions;
  readonly caller: Caller;
  readonly held: () => readonly HeldLease[];
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const longestExitMs = 5000;
const holders = new Set<Holder>();
const { process: node } = globalThis as { process?: Node };

/**
 * Gives back what is held when the process ends: at a signal, when there is nothing left to do, and at
 * `process.exit()` or an uncaught error. At the last two nothing asynchronous runs any more, so a second process sends
 * the requests, with the token of the latest one; it makes no DPoP proofs, and knows no `fetch` of your own. Nothing
 * helps against SIGKILL: then the lease ends with its task, or by itself.
 */
export function releaseAtExit(holder: Holder): { stop(): void } {
  if (typeof node?.on !== 'function') return { stop() {} };
  if (holders.size === 0) listen(node);
  holders.add(holder);
  return {
    stop() {
      if (holders.delete(holder) && holders.size === 0) deafen(node);
    },
  };
}

function listen(process: Node): void {
  for (const signal of signals) process.on(signal, onSignal);
  process.on('beforeExit', onIdle);
  process.on('exit', onExit);
}

function deafen(process: Node): void {
  for (const signal of signals) process.off(signal, onSignal);
  process.off('beforeExit', onIdle);
  process.off('exit', onExit);
}

const give = (): Promise<unknown> =>
  Promise.all([...holders].flatMap(({ held }) => held().map((lease) => lease[Symbol.asyncDispose]())));

function onSignal(signal: NodeJS.Signals): void {
  if (!node) return;
  deafen(node);
  // Whoever else listens decides when the process ends; where nobody does, it ends as it would have without us.
  const alone = node.listenerCount(signal) === 0;
  void give().finally(() => {
    if (alone) node.kill(node.pid, signal);
  });
}

function onIdle(): void {
  // Once: what cannot be given back now would keep the process for ever.
  if (node) deafen(node);
  void give();
}

const onExit = () => [...holders].forEach(giveBySecondProcess);

const program = `
const { base, token, leases, ms } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const init = { method: 'POST', redirect: 'error', body: '{}', signal: AbortSignal.timeout(ms),
  headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' } };
Promise.allSettled(leases.map((id) => fetch(base + '/v1/leases/' + id + '/revoke', init)));`;

function giveBySecondProcess({ options, caller, held }: Holder): void {
  const childProcess = node?.getBuiltinModule?.('node:child_process') as
    typeof import('node:child_process') | undefined;
  const token = caller.latestToken();
  const leases = held().map(({ id }) => id);
  if (!node || !childProcess || leases.length === 0 || token === undefined) return;
  if (options.dpop || options.fetch) return;
  const base = options.url.replace(/\/+$/, '');
  childProcess.spawnSync(node.execPath, ['-e', program], {
    input: JSON.stringify({ base, token, leases, ms: longestExitMs }),
    timeout: longestExitMs + 1000,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
