import { eventDigest } from '../audit/chain.js';
import { isOf } from '../audit/event.js';
import type { AuditEvent } from '../audit/event.js';
import { present } from '../kernel/present.js';
import type { AuditRecordShape } from '../wire/audit.js';
import { auditPage } from './audit-api.js';
import type { Api, AuditFilter } from './audit-api.js';

export interface ExportOptions extends AuditFilter {
  readonly format: (record: AuditRecordShape) => object;
  /** One JSON list instead of a line each. */
  readonly isBatch?: boolean;
  /** The whole chain, with the digest alone of what is not asked for: what is shown can be verified in its place. */
  readonly withGaps?: boolean;
  /** With the task all that was delegated from it, however far. The whole chain is read for it. */
  readonly tree?: boolean;
  /** Where an earlier export stopped. */
  readonly pageToken?: string;
}

export interface Out {
  /** Data: one line at a time; waits while the reader is slow. */
  readonly write: (line: string) => Promise<void>;
  /** What is said to a person. */
  readonly say: (text: string) => void;
}

/** Writes the records that are asked for, a line each, oldest first; returns how many of them were shown. */
export async function exportAudit(api: Api, options: ExportOptions, out: Out): Promise<number> {
  const {
    format,
    isBatch = false,
    withGaps = false,
    tree = false,
    lease,
    task,
    agent,
    since,
    until,
  } = options;
  const isWhole = withGaps || tree;
  const isAskedFor = asking(present({ subject: lease ?? task ?? agent, since, until, tree }));
  const filter: AuditFilter = isWhole ? {} : present({ lease, task, agent, since, until });
  let token = options.pageToken;
  let shown = 0;
  let written = 0;
  for (;;) {
    const page = await auditPage(api, filter, token).catch((error: unknown) => {
      if (token !== undefined && !tree) out.say(`Go on from here with --page-token ${token}`);
      throw error;
    });
    for (const record of page.items) {
      const isShown = !isWhole || isAskedFor(record);
      if (!isShown && !withGaps) continue;
      if (isShown) shown += 1;
      const before = !isBatch ? '' : written === 0 ? '[' : ',';
      await out.write(before + JSON.stringify(isShown ? format(record) : withoutEvent(record)));
      written += 1;
    }
    token = page.next_page_token;
    if (token !== undefined) continue;
    if (isBatch) await out.write(written === 0 ? '[]' : ']');
    return shown;
  }
}

interface Asked {
  readonly subject?: string;
  readonly since?: string;
  readonly until?: string;
  readonly tree: boolean;
}

/** Asked of the records of a chain in their order: what is delegated is told before anything of it is. */
function asking({ subject, since, until, tree }: Asked): (record: AuditRecordShape) => boolean {
  const subjects = new Set(subject === undefined ? [] : [subject]);
  return (record) => {
    const event = record.event as unknown as AuditEvent;
    if (tree && event.type === 'task.delegated' && subjects.has(event.parent)) subjects.add(event.task);
    const at = Date.parse(record.at);
    return (
      (subjects.size === 0 || [...subjects].some((each) => isOf(each, event))) &&
      (since === undefined || at >= Date.parse(since)) &&
      (until === undefined || at < Date.parse(until))
    );
  };
}

/** A record that is not shown: its place, and what stands for its event. */
function withoutEvent({ event, ...place }: AuditRecordShape) {
  return { ...place, digest: eventDigest(event) };
}
