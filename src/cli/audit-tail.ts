import { isOf } from '../audit/event.js';
import type { AuditEvent } from '../audit/event.js';
import { parseDuration } from '../kernel/duration.js';
import { pause } from '../sdk/call.js';
import type { AuditRecordShape } from '../wire/audit.js';
import { auditPage } from './audit-api.js';
import type { Api } from './audit-api.js';
import type { Out } from './audit-export.js';
import { Refused } from './refused.js';
import { UsageError } from './terminal.js';

export interface TailOptions {
  readonly format: (record: AuditRecordShape) => string;
  /** A moment, or a duration before now; from now on when left out. */
  readonly since?: string;
  /** Of this lease, task or agent alone. */
  readonly subject?: string;
  readonly everyMs?: number;
}

const longestPauseMs = 10_000;

/**
 * Writes what is added to the log, a line each, until `api.signal` says that it is enough. While the broker does not answer
 * it is asked again and again, and nothing is missed by that. @throws Refused, UsageError
 */
export async function tailAudit(api: Api, options: TailOptions, out: Out): Promise<void> {
  const { everyMs = 1000, subject, format } = options;
  let failures = 0;
  try {
    const added = addedSince(api, beginningOf(options.since));
    for (;;) {
      try {
        for await (const record of added()) {
          const isAskedFor = subject === undefined || isOf(subject, record.event as unknown as AuditEvent);
          if (isAskedFor) await out.write(format(record));
        }
        if (failures > 0) out.say('The broker answers again.');
        failures = 0;
      } catch (error) {
        api.signal?.throwIfAborted();
        if (error instanceof Refused && !isPassing(error)) throw error;
        if (failures === 0) out.say(`${(error as Error).message}: it is asked again until it answers.`);
        failures = Math.min(failures + 1, 8);
      }
      await pause(Math.min(everyMs * 2 ** failures, longestPauseMs), api.signal);
    }
  } catch (error) {
    if (!api.signal?.aborted) throw error;
  }
}

/** What may be otherwise when it is asked again. */
const isPassing = ({ status }: Refused) => status === 429 || status >= 500;

/** What has been added since it was asked before. */
function addedSince(api: Api, begin: (api: Api) => Promise<string>): () => AsyncGenerator<AuditRecordShape> {
  let since: string | undefined;
  let last = { chain: '', seq: 0 };
  return async function* added() {
    since ??= await begin(api);
    let token: string | undefined;
    do {
      const page = await auditPage(api, { since }, token);
      for (const record of page.items) {
        // One moment may have several records, so it is asked for again.
        if (record.chain === last.chain && record.seq <= last.seq) continue;
        yield record;
        last = record;
        since = record.at;
      }
      token = page.next_page_token;
    } while (token !== undefined);
  };
}

/** Where to begin, by the broker's clock: that of this machine may be another. @throws UsageError */
function beginningOf(since: string | undefined): (api: Api) => Promise<string> {
  const moment = Date.parse(since ?? '');
  if (!Number.isNaN(moment)) return () => Promise.resolve(new Date(moment).toISOString());
  const seconds = since === undefined ? 0 : parseDuration(since);
  if (seconds === undefined)
    throw new UsageError(
      `"${since}" is neither a moment nor a duration: write 2030-01-31T12:00:00Z, or 10m.`,
    );
  return async (api) => {
    const { answeredAt = Date.now() } = await auditPage(api, { since: new Date().toISOString() });
    return new Date(answeredAt - seconds * 1000).toISOString();
  };
}
