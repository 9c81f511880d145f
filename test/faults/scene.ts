import type { Json } from '../../src/sandbox/story/api-client.js';
import { isOver } from '../../src/lease/lease.js';
import { eventually } from '../stack/eventually.js';
import { openLedger } from '../stack/ledger-reader.js';
import type { LedgerReader } from '../stack/ledger-reader.js';
import { startPlace } from './place.js';
import type { Place } from './place.js';
import { processes } from './processes.js';
import type { ForkOptions, Process } from './processes.js';

/** A place, processes in it, and a look into its ledger: what the tests of single faults begin with. */
export interface Scene {
  readonly place: Place;
  readonly look: LedgerReader;
  readonly config: string;
  start(role: Process['role'], config?: string): Promise<Process>;
  /** As `start`, of a process that is made otherwise: with another clock, for example. */
  startAs(options: ForkOptions, role: Process['role']): Promise<Process>;
  openTask(api: Process): Promise<string>;
  /** The lease of a credential that was granted; throws when it was not. */
  lease(api: Process, task: string, body?: object): Promise<string>;
  end(api: Process, task: string): Promise<void>;
  /** Resolves when the lease is over, and nothing of it is left at the provider that has not passed its own end. */
  over(lease: string, withinMs: number): Promise<void>;
  /** Ends every process that is there. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Where no process is killed while it mints, a machine that is slow must not look like a provider that is. */
const patientMs = 10_000;

export async function startScene(
  options: { readonly providers?: readonly string[]; readonly sections?: object } = {},
): Promise<Scene> {
  const place = await startPlace(options.providers, patientMs);
  const makers = processes();
  const look = await openLedger({ url: place.redis.url });
  const limits = { mintTimeout: '10s', revokeTimeout: '2s' };
  const config = place.configure({ limits, ...options.sections });
  const running = new Set<Process>();
  const kept = async (starting: Promise<Process>) => {
    const process = await starting;
    running.add(process);
    void process.ended.then(() => running.delete(process));
    return process;
  };
  const granted = (status: number, expected: number, body: Json): Json => {
    if (status !== expected) throw new Error(`not granted: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const clear = async () => {
    await Promise.all([...running].map((process) => process.kill()));
  };
  const others: (() => Promise<void>)[] = [];
  return {
    place,
    look,
    config,
    start: (role, other = config) => kept(makers.start(role, other)),
    startAs(as, role) {
      const other = processes(as);
      others.push(() => other.close());
      return kept(other.start(role, config));
    },
    async openTask({ api }) {
      const { status, body } = await place.openTask(api);
      return String(granted(status, 201, body).id);
    },
    async lease({ api }, task, body) {
      const answer = await place.ask(api, task, body);
      return String(granted(answer.status, 201, answer.body).lease.id);
    },
    async end({ api }, task) {
      const { status, body } = await place.end(api, task);
      granted(status, 200, body);
    },
    async over(id, withinMs) {
      await eventually(
        `${id} is over`,
        async () => {
          const lease = await look.lease(id);
          return lease && isOver(lease.state);
        },
        withinMs,
      );
      const left = place.provider.alive(id).filter(({ endsAt }) => endsAt > Date.now());
      if (left.length > 0) throw new Error(`${id} is over, and there is ${JSON.stringify(left)}`);
    },
    clear,
    async close() {
      await Promise.all([makers.close(), ...others.map((each) => each())]);
      await look.close();
      await place.close();
    },
  };
}
