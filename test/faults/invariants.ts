import { expect } from '@jest/globals';
import { recordHash, chainStart } from '../../src/audit/chain.js';
import type { AuditRecord } from '../../src/audit/event.js';
import { isOver } from '../../src/lease/lease.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { Told } from './kill-run.js';
import type { Made } from './recording-provider.js';

export async function wholeLog(ledger: Ledger): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (let pageToken: string | undefined, first = true; first || pageToken !== undefined; first = false) {
    const page = await ledger.log.read({ pageSize: 1000, ...(pageToken && { pageToken }) });
    records.push(...page.items);
    pageToken = page.nextPageToken;
  }
  return records;
}

/** Every lease the log knows of, as it is now; undefined where the record is missing. */
export async function leasesOf(
  ledger: Ledger,
  log: readonly AuditRecord[],
): Promise<Map<string, Lease | undefined>> {
  const ids = new Set(log.flatMap(({ event }) => (event.type === 'lease.reserved' ? [event.lease] : [])));
  return new Map(await Promise.all([...ids].map(async (id) => [id, await ledger.leases.find(id)] as const)));
}

/** What must hold when everything has come to rest, whatever was killed. Each line says which promise was broken. */
export function violations(
  told: Told,
  made: readonly Made[],
  log: readonly AuditRecord[],
  leases: ReadonlyMap<string, Lease | undefined>,
): string[] {
  return [
    ...log.flatMap((record, n) => {
      const { seq, previous, hash } = record;
      const broken =
        seq !== n + 1 || previous !== (log[n - 1]?.hash ?? chainStart) || hash !== recordHash(record);
      return broken ? [`the chain is broken at ${n + 1}`] : [];
    }),
    ...made.flatMap(({ what, lease, accessor, goneAt, endsAt }) => [
      ...(leases.get(lease) ? [] : [`I2 the provider made a ${what} of ${lease}, which has no record`]),
      ...(goneAt === undefined && endsAt > Date.now()
        ? [`I3 the ${what} ${accessor} of ${lease} is still there, and ${JSON.stringify(leases.get(lease))}`]
        : []),
    ]),
    ...[...leases].flatMap(([id, lease]) =>
      lease && isOver(lease.state) ? [] : [`I3 ${id} is not over: ${JSON.stringify(lease)}`],
    ),
    ...handedOverInVain(told, log, leases),
    ...issuedAfterTheEnd(told, log),
    ...liveTwice(log),
  ];
}

/** I1: who received a secret has a lease, and the log says so. */
function handedOverInVain(
  { handedOver }: Told,
  log: readonly AuditRecord[],
  leases: ReadonlyMap<string, Lease | undefined>,
): string[] {
  const active = new Set(log.flatMap(({ event }) => (event.type === 'lease.active' ? [event.lease] : [])));
  return handedOver.flatMap(({ lease }) => [
    ...(leases.get(lease) ? [] : [`I1 the acknowledged lease ${lease} is lost`]),
    ...(active.has(lease) ? [] : [`I1 ${lease} was handed over, and the log does not say so`]),
  ]);
}

/** I4: by the order of the log, and by the clock of those who asked. */
function issuedAfterTheEnd({ handedOver, endedAt }: Told, log: readonly AuditRecord[]): string[] {
  const ended = new Set<string>();
  const late: string[] = [];
  for (const { event } of log) {
    if (event.type === 'task.ended') ended.add(event.task);
    if ((event.type === 'lease.reserved' || event.type === 'lease.active') && ended.has(event.task))
      late.push(`I4 ${event.type} of ${event.lease} after the end of its task`);
  }
  for (const { lease, task, askedAt } of handedOver)
    if (askedAt > (endedAt.get(task) ?? Infinity))
      late.push(`I4 ${lease} was handed over though its task had ended before it was asked for`);
  return late;
}

/** I6: what was asked again under one key has one live lease at most. */
function liveTwice(log: readonly AuditRecord[]): string[] {
  const requestOf = new Map<string, string>();
  const live = new Map<string, string>();
  const twice: string[] = [];
  for (const { event } of log) {
    if (event.type === 'lease.reserved' && event.asked.reason) requestOf.set(event.lease, event.asked.reason);
    const request = 'lease' in event ? requestOf.get(event.lease) : undefined;
    if (request === undefined || !('lease' in event)) continue;
    if (event.type === 'lease.active') {
      if (live.has(request)) twice.push(`I6 ${live.get(request)} and ${event.lease} are both live`);
      live.set(request, event.lease);
    } else if (event.type === 'lease.revoking' && live.get(request) === event.lease) live.delete(request);
  }
  return twice;
}

export const none = (found: readonly string[]) => expect(found.slice(0, 20)).toEqual([]);
