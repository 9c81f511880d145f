import { chainStart, eventDigest, linkHash } from '../audit/chain.js';
import { isOnPathOf, subjectsOf } from '../audit/event.js';
import type { AuditEvent, AuditRecord } from '../audit/event.js';
import { newChainId } from '../kernel/id.js';
import type { AuditLog } from './ledger.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

const sealBatch = 500;
/** Reading one record means reading the links that stand together with its own. */
const linksTogether = 100;

/**
 * Events are written by the very step that changes what they tell of; the chain over them, and their places in the
 * histories of tasks and agents, follow at once. The order of the chain is the order in which the store wrote, whichever
 * process seals.
 */
export function redisLog(redis: RedisClient, run: RunScript, prefix: string): AuditLog {
  const headKey = `${prefix}:head`;

  /** The first to seal names the chain; whoever comes second takes that name. */
  async function nameChain(): Promise<string> {
    await redis.hsetnx(headKey, 'chain', newChainId());
    return (await redis.hget(headKey, 'chain'))!;
  }

  /** How many were there to be sealed, and whether it was this process that did. */
  async function sealSome(): Promise<{ found: number; mine: boolean }> {
    const [seqText, id, hash, known] = await redis.hmget(headKey, 'seq', 'id', 'hash', 'chain');
    const entries = await redis.xrange(`${prefix}:events`, id ? `(${id}` : '-', '+', 'COUNT', sealBatch);
    if (entries.length === 0) return { found: 0, mine: true };
    const chain = known ?? (await nameChain());
    let seq = Number(seqText ?? 0);
    let previous = hash ?? chainStart;
    const blocks: string[] = [];
    let links = previous;
    const histories = new Map<string, string[]>();
    for (const [index, [eventId, fields]] of entries.entries()) {
      const event = JSON.parse(fields[1]!) as AuditEvent;
      previous = linkHash({ chain, seq: ++seq, id: eventId, previous }, eventDigest(event));
      links += `\n${eventId} ${seq} ${previous}`;
      if (index % linksTogether === linksTogether - 1 || index === entries.length - 1) {
        blocks.push(eventId, links);
        links = previous;
      }
      for (const subject of subjectsOf(event)) {
        const history = histories.get(subject);
        if (!history) histories.set(subject, [eventId]);
        else if (history.at(-1) !== eventId) history.push(eventId);
      }
    }
    const told: (string | number)[] = [];
    for (const [subject, ids] of histories) told.push(subject, ids.length, ...ids);
    const head = [seq, entries.at(-1)![0], previous];
    const answer = await run('seal', seqText ?? 0, ...head, blocks.length / 2, ...blocks, ...told);
    return { found: entries.length, mine: answer === 1 };
  }

  async function seal(): Promise<number> {
    let sealed = 0;
    for (;;) {
      const { found, mine } = await sealSome().catch((cause: unknown) => {
        throw cause instanceof Error && cause.name === 'Fault' ? cause : unavailable(cause);
      });
      if (mine) sealed += found;
      // Another process was faster, but perhaps with less: what was written before this call must be sealed after it.
      if (mine && found < sealBatch) return sealed;
    }
  }

  return {
    seal,

    untold: () =>
      redis.llen(`${prefix}:untold`).catch((cause: unknown) => {
        throw unavailable(cause);
      }),

    async record(event) {
      await run('record', JSON.stringify(event));
    },

    async head() {
      const [seq, id, hash, chain] = await redis
        .hmget(headKey, 'seq', 'id', 'hash', 'chain')
        .catch((cause: unknown) => {
          throw unavailable(cause);
        });
      return seq && id && hash && chain ? { chain, seq: Number(seq), id, hash } : undefined;
    },

    async read({ subject, since, until, pageSize, pageToken }) {
      const lease = subject?.startsWith('lse_') ? subject : undefined;
      const history = lease ? `tsk_${lease.slice(4, 12)}` : (subject ?? '');
      let [from = history === '' && since !== undefined ? justBefore(since) : ''] =
        decodePageToken(pageToken, history === '' ? /^\d{1,16}-\d{1,20}$/ : /^\d{1,12}$/) ?? [];
      const items: AuditRecord[] = [];
      do {
        await seal();
        const [next, chain = '', ...parts] = (await run('read-log', history, from, pageSize)) as string[];
        from = next!;
        for (let i = 0; i < parts.length; i += 5) {
          const record = toRecord(chain, parts.slice(i, i + 5));
          if (until !== undefined && record.at >= until) return { items };
          if ((since === undefined || record.at >= since) && (!lease || isOnPathOf(lease, record.event)))
            items.push(record);
        }
      } while (from !== '' && items.length === 0);
      return from === '' ? { items } : { items, nextPageToken: encodePageToken([from]) };
    },
  };
}

/** The last id that the millisecond before can have. */
const justBefore = (ms: number): string => `${Math.max(ms - 1, 0)}-18446744073709551615`;

function toRecord(chain: string, [id, event, seq, hash, previous]: string[]): AuditRecord {
  return {
    chain,
    seq: Number(seq),
    id: id!,
    at: Number(id!.split('-')[0]),
    event: JSON.parse(event!) as AuditEvent,
    previous: previous!,
    hash: hash!,
  };
}
