import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Something that the provider has made for a lease: a token, and the credential that was read with it. */
export interface Made {
  readonly what: 'token' | 'credential';
  readonly lease: string;
  readonly accessor: string;
  readonly madeAt: number;
  /** The provider's own end of it; nothing here ends by itself, it only could. */
  readonly endsAt: number;
  goneAt?: number;
  /** How often it was asked to be taken back. */
  asked: number;
}

export const calls = [
  'make-token',
  'make-credential',
  'find-tokens',
  'take-credential',
  'take-token',
] as const;
export type Call = (typeof calls)[number];

/** `hang` never answers; `queued` answers 202 and takes it back `laterMs` afterwards; `throttled` is 429. */
export interface Trouble {
  readonly call: RegExp;
  readonly is: 'error' | 'hang' | 'queued' | 'forbidden' | 'throttled' | 'slow';
  /** Only these leases; all by default. */
  readonly lease?: string;
  /** So often, then no more; always by default. */
  readonly times?: number;
  readonly laterMs?: number;
}

export interface Seen {
  readonly call: Call;
  readonly lease: string;
  readonly at: number;
}

export interface RecordingProvider {
  readonly url: string;
  /** Every one it has ever made. Also in its file, a line for each, before anybody is answered. */
  readonly made: readonly Made[];
  readonly seen: readonly Seen[];
  /** Of one lease, or of all, what is still there. */
  alive(lease?: string): readonly Made[];
  /** Misbehaves so from now on, in the place of what it did before. */
  trouble(...troubles: readonly Trouble[]): void;
  /** Told of each request, before it is carried out and after, with the process that sent it. */
  watch(watcher: ((call: Call, when: 'arrived' | 'done', pid: number) => void) | undefined): void;
  /** Takes back what a lease has, as an operator at the provider would. */
  takeAway(lease: string): void;
  close(): Promise<void>;
}

interface Request {
  readonly call: Call;
  readonly lease: string;
  readonly accessor: string;
  readonly ttlSeconds: number;
  readonly pid: number;
}

type Outcome = readonly [status: number, body?: object];

/** The provider's truth about a kill model: it makes and takes back in two calls each, as Vault does. */
export async function startRecordingProvider(file: string): Promise<RecordingProvider> {
  const made: Made[] = [];
  const seen: Seen[] = [];
  const byLease = new Map<string, Made[]>();
  let troubles: { left: number; trouble: Trouble }[] = [];
  let watcher: Parameters<RecordingProvider['watch']>[0];

  const tell = (fact: object) => appendFileSync(file, `${JSON.stringify({ at: Date.now(), ...fact })}\n`);
  const of = (lease: string) => byLease.get(lease) ?? [];
  const alive = (lease?: string) => (lease === undefined ? made : of(lease)).filter(({ goneAt }) => !goneAt);
  const find = (accessor: string, lease: string, what: Made['what']) =>
    of(lease).find((each) => each.what === what && each.accessor === accessor && !each.goneAt);

  function make(what: Made['what'], { lease, ttlSeconds }: Request, accessor: string): Made {
    const one: Made = {
      ...{ what, lease, accessor, madeAt: Date.now(), endsAt: Date.now() + ttlSeconds * 1000, asked: 0 },
    };
    tell({ made: what, lease, accessor });
    made.push(one);
    byLease.set(lease, [...of(lease), one]);
    return one;
  }

  function take(one: Made | undefined): number {
    if (!one) return 404;
    tell({ gone: one.what, lease: one.lease, accessor: one.accessor });
    one.goneAt = Date.now();
    return 204;
  }

  function carryOut(asked: Request): Outcome {
    const { call, lease, accessor } = asked;
    switch (call) {
      case 'make-token': {
        const { accessor: name } = make('token', asked, randomBytes(9).toString('base64url'));
        return [200, { accessor: name }];
      }
      case 'make-credential': {
        if (!find(accessor, lease, 'token')) return [403];
        const { endsAt } = make('credential', asked, accessor);
        return [
          200,
          { username: lease, password: `${passwordMark}${randomBytes(9).toString('hex')}`, endsAt },
        ];
      }
      case 'find-tokens':
        return [200, { accessors: [...new Set(alive(lease).map((one) => one.accessor))] }];
      case 'take-credential':
      case 'take-token': {
        const what = call === 'take-token' ? 'token' : 'credential';
        for (const one of of(lease)) if (one.what === what) one.asked++;
        return [take(find(accessor, lease, what))];
      }
    }
  }

  /** Undefined when the request is to be carried out. */
  async function troubled(asked: Request): Promise<Outcome | 'never' | undefined> {
    const struck = troubles.find(
      ({ left, trouble }) =>
        left > 0 && trouble.call.test(asked.call) && (trouble.lease ?? asked.lease) === asked.lease,
    );
    if (!struck) return undefined;
    struck.left--;
    const { is, laterMs = 0 } = struck.trouble;
    switch (is) {
      case 'hang':
        return 'never';
      case 'slow':
        await wait(laterMs);
        return undefined;
      case 'queued':
        setTimeout(() => carryOut(asked), laterMs).unref();
        return [202];
      default:
        return [{ error: 503, forbidden: 403, throttled: 429 }[is]];
    }
  }

  const server = createServer((incoming, outgoing) => {
    const answer = async () => {
      const asked = await read(incoming);
      seen.push({ call: asked.call, lease: asked.lease, at: Date.now() });
      watcher?.(asked.call, 'arrived', asked.pid);
      const outcome = (await troubled(asked)) ?? carryOut(asked);
      if (outcome === 'never') return;
      watcher?.(asked.call, 'done', asked.pid);
      send(outgoing, ...outcome);
    };
    answer().catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    seen,
    alive,
    trouble: (...next) => (troubles = next.map((trouble) => ({ trouble, left: trouble.times ?? Infinity }))),
    watch: (next) => (watcher = next),
    takeAway: (lease) => alive(lease).forEach(take),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Begins every password; nothing that holds it may be written anywhere but in an answer. */
export const passwordMark = 'of-the-recording-provider-';

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Omit<Request, 'call' | 'pid'>;
  const call = calls.find((name) => incoming.url === `/${name}`);
  if (!call) throw new Error(`no such call: ${incoming.url}`);
  return { ...body, call, pid: Number(incoming.headers['x-process']) };
}

function send(outgoing: ServerResponse, status: number, body?: object): void {
  const headers = { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '4' }) };
  outgoing.writeHead(status, headers).end(body === undefined ? undefined : JSON.stringify(body));
}
