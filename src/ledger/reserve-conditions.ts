import { formatDuration } from '../kernel/duration.js';
import { Fault } from '../kernel/fault.js';
import type { NewLease } from '../lease/lease.js';
import { effectCode } from './lease-record.js';
import type { Conditions, Idempotency, QuotaOf } from './ledger.js';
import { provenText } from './redis-agents.js';

/** What reserve.lua is to reserve and under which conditions, as it reads it; what does not apply is left out. */
export const reservationText = (
  lease: NewLease,
  idempotency: Idempotency | undefined,
  { asking, approval, ...only }: Conditions,
): string =>
  JSON.stringify({
    id: lease.id,
    agent: lease.agent,
    entry: lease.entry,
    provider: lease.provider,
    effect: effectCode(lease.effect),
    ttlMs: lease.ttlSeconds * 1000,
    ceilingMs: lease.ceilingSeconds * 1000,
    mintMs: lease.mintTimeoutMs,
    key: idempotency?.key,
    digest: idempotency?.digest,
    /** An event that must be in the log. */
    mustHold: only.mustHold,
    issuer: asking?.principal.issuer,
    owner: asking?.owner,
    provedAt: asking?.provedAt,
    isPerson: asking?.principal.kind === 'operator' || undefined,
    /** What else the principal proved. */
    proof: asking && (provenText(asking.principal) || undefined),
    /** How many steps the tool chain had that was decided on. */
    chain: only.chain,
    step: only.step?.id,
    tool: only.step?.tool,
    approval: approval && { id: approval.id, digest: approval.digest },
    ofAgent: only.ofAgent,
    ofEntry: only.ofEntry,
    ofTask: only.ofTask,
    ofTree: only.ofTree,
    inAll: only.inAll,
    rates: only.rates?.map(([of, { most, withinSeconds }]) => [of, most, withinSeconds * 1000]),
    keepMs: lease.enrolment && lease.enrolment.keepSeconds * 1000,
    rosters: lease.enrolment?.groups,
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
