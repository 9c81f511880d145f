import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type { LiveMessage } from '../../broker/live-feed.js';
import { Fault } from '../../kernel/fault.js';
import { headerValues } from '../bearer.js';
import { callOf } from '../call.js';
import { renderChanges } from '../render-live.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';

export interface EventStreams {
  readonly routes: Routes<'watchEvents'>;
  /** Ends every stream; browsers come back to another process, or to the next one. */
  readonly close: () => void;
}

const beatMs = 15_000;
/** Bytes that may wait for a slow reader; beyond it is told to look again when it has caught up. */
const mostWaiting = 1_048_576;
/** A reader that takes nothing for so many beats has gone. */
const deafBeats = 4;

const eventIdPattern = /^\d{1,16}-\d{1,9}$/;

export function eventStreams({ broker }: RoutePorts): EventStreams {
  const open = new Set<() => void>();
  let closed = false;

  async function watchEvents(req: Request, res: Response): Promise<void> {
    const principal = await identified(broker, req, res);
    if (closed) throw new Fault('broker.stopping', 'This instance takes no more requests.');
    const stream = openStream(res);
    const watching = await broker.watch(principal, lastEventId(req), (message) => stream.tell(message));
    const end = () => {
      clearInterval(beat);
      watching.close();
      open.delete(end);
      res.end();
    };
    const beat = setInterval(() => {
      stillProven(res, broker.isStillProven(principal)).then(
        (still) => {
          if (still && stream.beat()) return;
          if (!still) res.write('event: over\ndata: {}\n\n');
          end();
        },
        // The store is away: whether the session still holds is asked again at the next beat.
        () => stream.beat(),
      );
    }, beatMs);
    beat.unref();
    open.add(end);
    res.once('close', end);
    stream.begin(watching.from);
    if (res.destroyed) end();
  }

  return {
    routes: { watchEvents },
    close() {
      closed = true;
      for (const end of open) end();
    },
  };
}

/** A session can be signed out of, a token ends, and a security event ends both, while the stream is open. */
async function stillProven(res: Response, byToken: boolean): Promise<boolean> {
  const { proven } = callOf(res);
  if (!proven) return byToken;
  try {
    await proven();
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'identity.unproven') return false;
    throw thrown;
  }
}

function openStream(res: ServerResponse) {
  let behind: string | undefined;
  let deaf = 0;
  const write = (name: string, id: string | undefined, data: string) =>
    res.write(`event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`);
  return {
    begin(from: string) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
      // A message without data is none, but its id is kept (HTML, server-sent events, section 9.2.6).
      res.write(`retry: 1000\nid: ${from}\n\n`);
    },
    tell(message: LiveMessage): void {
      if (message.is === 'stalled') return void write('stalled', undefined, '{}');
      if (res.writableLength > mostWaiting) {
        behind = message.id;
        return;
      }
      if (message.is === 'resync' || behind !== undefined) {
        behind = undefined;
        return void write('resync', message.id, '{}');
      }
      write('changes', message.id, renderChanges(message));
    },
    /** False when the reader takes nothing any more. */
    beat(): boolean {
      if (res.writableLength > mostWaiting) return ++deaf < deafBeats;
      deaf = 0;
      if (behind === undefined) res.write(': still here\n\n');
      else write('resync', behind, '{}');
      behind = undefined;
      return true;
    },
  };
}

/** Where a reader that was away goes on; what is no id of ours is as none. */
function lastEventId(req: Request): string | undefined {
  const [id = ''] = headerValues(req, 'last-event-id');
  return eventIdPattern.test(id) ? id : undefined;
}
