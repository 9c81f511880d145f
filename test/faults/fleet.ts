import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from './client.js';
import type { Kill } from './kill-history.js';
import type { Place } from './place.js';
import type { Process, Processes } from './processes.js';

/** Long enough for the load to come to most places; then the process is killed where it is. */
const longestWaitMs = 1500;

/** Starts in vain, in one history. */
const mostRefused = 20;

export interface Fleet {
  /** One of the APIs that run; waits for one when none does. */
  api(which: number): Promise<Client>;
  /**
   * Kills one process, while `load` goes on; returns where it died. What takes its place begins at once, and nobody
   * waits for it.
   */
  kill(kill: Kill, load: () => Promise<unknown>): Promise<string>;
  /** Resolves when all are running again. */
  whole(): Promise<void>;
  close(): Promise<void>;
  output(): string;
}

/** So many processes of each role, each replaced when it has been killed. */
export async function startFleet(
  place: Place,
  makers: Processes,
  config: string,
  sizes: { readonly api: number; readonly worker: number },
): Promise<Fleet> {
  const running: Record<Process['role'], Process[]> = { api: [], worker: [] };
  const starting = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let refused = 0;
  let closed = false;
  const begin = (role: Process['role']) => {
    const started = makers
      .start(role, config)
      .then(
        (process) => {
          if (closed) return void process.kill();
          running[role].push(process);
          void process.ended.then(() => running[role].splice(running[role].indexOf(process), 1));
        },
        (error: unknown) => {
          // It refuses to start without its store, and Redis is killed too: whoever runs it starts it again.
          if (closed) return;
          if (++refused > mostRefused) failures.push(error);
          else begin(role);
        },
      )
      .finally(() => starting.delete(started));
    starting.add(started);
  };
  for (const role of ['api', 'worker'] as const) for (let n = 0; n < sizes[role]; n++) begin(role);
  const whole = async () => {
    while (starting.size > 0) await Promise.all(starting);
    if (failures.length > 0) throw failures[0];
  };
  await whole();

  const someone = async (role: Process['role'], which: number): Promise<Process> => {
    while (running[role].length === 0) {
      if (failures.length > 0) throw failures[0];
      await Promise.race(starting);
    }
    return running[role][which % running[role].length]!;
  };

  return {
    api: async (which) => (await someone('api', which)).api,
    async kill(kill, load) {
      const process = await someone(kill.role, kill.which);
      const dying = die(place, process, kill);
      while (process.alive()) await Promise.race([load(), process.ended]);
      const at = await dying;
      begin(kill.role);
      return at;
    },
    whole,
    async close() {
      closed = true;
      await Promise.all([
        ...starting,
        ...Object.values(running)
          .flat()
          .map((process) => process.kill()),
      ]);
    },
    output: () =>
      Object.values(running)
        .flat()
        .map((process) => `${process.role} ${process.pid}: ${process.output()}`)
        .join('\n'),
  };
}

async function die(place: Place, process: Process, kill: Kill): Promise<string> {
  let at = 'any time';
  if (kill.how === 'at') {
    process.dieAt(kill.point);
    at = `${kill.role} ${kill.point.when} ${kill.point.at}`;
  } else if (kill.how === 'by the provider') {
    place.provider.watch((call, when, pid) => {
      if (call === kill.call && when === kill.when && pid === process.pid) process.signal('SIGKILL');
    });
    at = `${kill.role} while ${kill.call} ${kill.when === 'done' ? 'is answered' : 'arrives'}`;
  }
  const died = await Promise.race([
    process.ended.then(() => true),
    wait(kill.how === 'any time' ? kill.ms : longestWaitMs, false),
  ]);
  place.provider.watch(undefined);
  await process.kill();
  return died ? at : 'any time';
}
