import { formatDuration } from '../kernel/duration.js';
import { Fault } from '../kernel/fault.js';
import type { NewLease } from '../lease/lease.js';
import { provenText } from './redis-agents.js';
import type { Conditions, QuotaOf } from './ledger.js';

/** As reserve.lua reads them. */
export const conditionsText = (lease: NewLease, only: Conditions): string =>
  JSON.stringify({
    n: lease.entry,
    y: lease.ceilingSeconds * 1000,
    h: only.mustHold,
    i: only.asking?.principal.issuer,
    w: only.asking?.owner,
    f: only.asking?.provedAt,
    m: only.asking?.principal.kind === 'operator' || undefined,
    p: only.asking && (provenText(only.asking.principal) || undefined),
    v: only.chain,
    s: only.step?.id,
    u: only.step?.tool,
    r: only.approval && { i: only.approval.id, g: only.approval.digest },
    a: only.ofAgent,
    e: only.ofEntry,
    t: only.inAll,
    o: only.ofTask,
    b: only.ofTree,
    q: only.rates?.map(([of, { most, withinSeconds }]) => [of, most, withinSeconds * 1000]),
    k: lease.enrolment && lease.enrolment.keepSeconds * 1000,
    l: lease.enrolment?.groups,
  });

const quotaOf: Record<QuotaOf, string> = {
  agent: 'This agent',
  task: 'This task',
  entry: 'This catalog entry',
};

/** `waitMs`: when the next one would pass. */
export function tooFast(of: QuotaOf, waitMs: number, { rates = [] }: Conditions): Fault {
  const [, rate] = rates.find(([name]) => name === of) ?? [];
  const much = rate ? `: ${rate.most} in ${formatDuration(rate.withinSeconds)}` : '';
  return new Fault(
    'quota.issue_rate',
    `${quotaOf[of]} has as many credentials issued as it may have${much}.`,
    {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    },
  );
}

export const limitReached: Record<string, string> = {
  agent: 'This agent has as many live leases as it may have.',
  entry: 'There are as many live leases of this catalog entry as there may be.',
  all: 'There are as many live leases as there may be.',
};
