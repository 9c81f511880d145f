import { readLogLine } from '../audit/log-line.js';
import type { LogLine } from '../audit/log-line.js';
import { leaseHistories } from '../audit/usage/history.js';
import type { LeaseHistory } from '../audit/usage/history.js';
import { withOffset } from '../wire/text.js';
import { linesOf } from './audit-usage.js';
import { plain } from './output.js';
import { UsageError } from './terminal.js';

export interface HeldCommand {
  readonly agent?: string;
  readonly task?: string;
  /** Of the time that is asked about: ISO 8601 with its offset. */
  readonly from?: string;
  readonly until?: string;
  readonly output: string;
}

/** A lease that was there at some moment of the time that is asked about, and who allowed it. */
interface Held extends Omit<LeaseHistory, 'from' | 'until' | 'isHandedOver'> {
  readonly from: string;
  /** When it was over, or the latest end that it was given; absent while neither is known. */
  readonly until?: string;
  /** The persons who approved it. */
  readonly approvedBy: readonly string[];
}

/**
 * `protem audit held`: which credentials there were between two moments, whenever they were issued. An export of only that
 * time would not have what was issued before it.
 */
export async function printHeld(
  file: string,
  options: HeldCommand,
  print: (line: string) => void,
): Promise<void> {
  const [from, until] = [momentOf(options.from) ?? -Infinity, momentOf(options.until) ?? Infinity];
  const histories = leaseHistories();
  const approvers = new Map<string, string[]>();
  for await (const line of linesOf(file)) {
    const record = readLogLine(line);
    histories.add(record);
    noteApprover(approvers, record);
  }
  const held = [...histories.leases.values()]
    .filter(({ agent, task }) => (options.agent ?? agent) === agent && (options.task ?? task) === task)
    // What was never handed over was held by nobody.
    .filter(({ isHandedOver }) => isHandedOver)
    .filter((lease) => lease.from < until && (lease.until ?? Infinity) > from)
    .map((lease): Held => shown(lease, approvers));
  if (options.output === 'json') return print(JSON.stringify(held, undefined, 2));
  for (const one of held) print(inWords(one));
  print(`${held.length} lease${held.length === 1 ? '' : 's'}`);
}

function momentOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!withOffset.safeParse(text).success)
    throw new UsageError(`"${text}" is no moment: ISO 8601 with its offset.`);
  return Date.parse(text);
}

function noteApprover(approvers: Map<string, string[]>, { event }: LogLine): void {
  if (event?.type !== 'approval.decided' || event['decision'] !== 'approve') return;
  const approval = String(event['approval']);
  approvers.set(approval, [...(approvers.get(approval) ?? []), String(event['by'])]);
}

const shown = (
  { from, until, isHandedOver: _isHandedOver, ...lease }: LeaseHistory,
  approvers: ReadonlyMap<string, readonly string[]>,
): Held => ({
  ...lease,
  from: new Date(from).toISOString(),
  ...(until !== undefined && { until: new Date(until).toISOString() }),
  approvedBy: approvers.get(lease.approval ?? '') ?? [],
});

function inWords({ lease, agent, entry, task, from, until = '?', because, approvedBy }: Held): string {
  const approved = approvedBy.length === 0 ? '' : `, approved by ${approvedBy.join(', ')}`;
  return plain(
    `${from}  ${until}  ${lease}  ${entry}  ${agent}  ${task}  by ${because.join(', ')}${approved}`,
  );
}
