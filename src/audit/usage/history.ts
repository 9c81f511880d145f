import { present } from '../../kernel/present.js';
import { membersOf, textOf } from '../formats/told.js';
import type { LogLine } from '../log-line.js';

/** What the log says of one lease. Milliseconds, on the ledger's clock. */
export interface LeaseHistory {
  readonly lease: string;
  readonly task: string;
  readonly agent: string;
  readonly entry: string;
  /** The policies that permitted it, and the approval that it was issued by. */
  readonly because: readonly string[];
  readonly approval?: string;
  readonly from: number;
  /** Whether its agent received it. */
  isHandedOver: boolean;
  /** When it was over, or the latest end that it was given; undefined while neither is known. */
  until?: number;
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

const over = new Set(['lease.revoked', 'lease.expired', 'lease.denied']);

/** Collects the leases of a log, record by record. */
export function leaseHistories() {
  const leases = new Map<string, LeaseHistory>();
  return {
    leases: leases as ReadonlyMap<string, LeaseHistory>,
    add({ id, event }: Pick<LogLine, 'id' | 'event'>): void {
      const at = Number(id.split('-')[0]);
      const lease = textOf(event?.['lease']);
      if (!event || lease === undefined) return;
      if (event.type === 'lease.reserved')
        leases.set(lease, {
          lease,
          task: textOf(event['task']) ?? '',
          agent: textOf(event['agent']) ?? '',
          entry: textOf(membersOf(event['asked'])['entry']) ?? '',
          because: textsOf(membersOf(event['decided'])['because']),
          ...present({ approval: textOf(event['approval']) }),
          from: at,
          isHandedOver: false,
        });
      const known = leases.get(lease);
      if (!known) return;
      if (event.type === 'lease.active') known.isHandedOver = true;
      if (over.has(event.type)) known.until = Math.min(known.until ?? at, at);
      else if (typeof event['expiresAt'] === 'number') known.until = event['expiresAt'];
    },
  };
}
