import type { Server, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { InFlight } from './in-flight.js';
import type { Limits } from './limits.js';

/** The requests in flight, and the orderly end of all traffic. */
export interface Traffic {
  readonly responses: InFlight;
  readonly begin: (res: ServerResponse) => void;
  readonly end: (res: ServerResponse) => void;
  /** True from the first moment of stopping: the process is no longer ready. */
  readonly stopping: () => boolean;
  /** True once no more requests are taken. */
  readonly closed: () => boolean;
  /** Returns when every request in flight has been answered, or `stopTimeoutMs` have passed. */
  readonly stop: () => Promise<void>;
}

export function traffic(server: Server, limits: Pick<Limits, 'drainMs' | 'stopTimeoutMs'>): Traffic {
  const responses = new InFlight();
  let phase: 'open' | 'draining' | 'closed' = 'open';
  let drained = () => {};
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    phase = 'draining';
    lastOnTheirConnections(responses);
    if (limits.drainMs > 0) await delay(limits.drainMs);
    phase = 'closed';
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    lastOnTheirConnections(responses);
    const deadline = setTimeout(() => server.closeAllConnections(), limits.stopTimeoutMs);
    drained = () => {
      // What is still connected then has asked for nothing.
      if (responses.size === 0) server.closeAllConnections();
    };
    drained();
    await closed;
    clearTimeout(deadline);
  }

  return {
    responses,
    begin(res) {
      responses.add(res);
      if (phase !== 'open') res.shouldKeepAlive = false;
    },
    end(res) {
      responses.delete(res);
      drained();
    },
    stopping: () => phase !== 'open',
    closed: () => phase === 'closed',
    stop: () => (stopped ??= stop()),
  };
}

/** Makes Node say `Connection: close` with each answer, and close when it is sent. */
function lastOnTheirConnections(responses: InFlight): void {
  for (const res of responses) if (!res.headersSent) res.shouldKeepAlive = false;
}
