import { chainStart, linkHash } from '../audit/chain.js';
import { subjectsOf } from '../audit/event.js';
import type { AuditEvent, AuditRecord } from '../audit/event.js';
import type { AuditLog } from './ledger.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

const sealBatch = 500;

/**
 * Events are written by the very step that changes what they tell of; the chain over them follows at once. The order
 * of the chain is the order in which the store wrote, whichever process seals.
 */
export function redisLog(redis: RedisClient, run: RunScript, prefix: string): AuditLog {
  /** How many were there to be sealed, and whether it was this process that did. */
  async function sealSome(): Promise<{ found: number; mine: boolean }> {
    const [seqText, id, hash] = await redis.hmget(`${prefix}:head`, 'seq', 'id', 'hash');
    const entries = await redis.xrange(`${prefix}:events`, id ? `(${id}` : '-', '+', 'COUNT', sealBatch);
    if (entries.length === 0) return { found: 0, mine: true };
    let seq = Number(seqText ?? 0);
    let previous = hash ?? chainStart;
    const links = entries.flatMap(([eventId, fields]) => {
      const event = JSON.parse(fields[1]!) as AuditEvent;
      previous = linkHash({ seq: ++seq, id: eventId, previous, event });
      return [eventId, previous];
    });
    return { found: entries.length, mine: (await run('seal', seqText ?? 0, ...links)) === 1 };
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

    async record(event) {
      await run('record', JSON.stringify(event), ...subjectsOf(event));
    },

    async read({ subject, pageSize, pageToken }) {
      const lease = subject?.startsWith('lse_') ? subject : undefined;
      const history = lease ? `tsk_${lease.slice(4, 12)}` : (subject ?? '');
      let [from = ''] =
        decodePageToken(pageToken, history === '' ? /^\d{1,16}-\d{1,9}$/ : /^\d{1,12}$/) ?? [];
      const items: AuditRecord[] = [];
      do {
        await seal();
        const [next, ...parts] = (await run('read-log', history, from, pageSize)) as string[];
        for (let i = 0; i < parts.length; i += 5) {
          const record = toRecord(parts.slice(i, i + 5));
          if (!lease || ('lease' in record.event && record.event.lease === lease)) items.push(record);
        }
        from = next!;
      } while (from !== '' && items.length === 0);
      return from === '' ? { items } : { items, nextPageToken: encodePageToken([from]) };
    },
  };
}

function toRecord([id, event, seq, hash, previous]: string[]): AuditRecord {
  return {
    seq: Number(seq),
    id: id!,
    at: Number(id!.split('-')[0]),
    event: JSON.parse(event!) as AuditEvent,
    previous: previous || chainStart,
    hash: hash!,
  };
}
