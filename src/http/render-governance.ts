import type { Agent, BegunRevocation, BlastRadius } from '../broker/broker.js';
import { present } from '../kernel/present.js';
import type { Block, Progress, Withdrawal } from '../revocation/withdrawal.js';
import { instant, instantIf } from './instant.js';
import { renderLease } from './render.js';

export const renderBlock = ({ id, scope, disabled, by, reason, at }: Block) =>
  present({ id, scope, disabled, by, reason, at: instant(at) });

export const renderRevocation = (one: Withdrawal & Progress) =>
  present({
    id: one.id,
    what: one.what,
    scope: one.scope,
    cause: one.cause,
    by: one.by,
    reason: one.reason,
    begunAt: instant(one.begunAt),
    sweptAt: instantIf(one.sweptAt),
    total: one.total,
    revoked: one.revoked,
    expired: one.expired,
    stuck: one.stuck,
    pending: one.pending,
  });

export const renderBegun = ({ revocation, block }: BegunRevocation) =>
  present({
    dryRun: false as const,
    revocation: renderRevocation(revocation),
    block: block && renderBlock(block),
  });

export const renderRadius = ({ byEntry, leases, ...counts }: BlastRadius) => ({
  dryRun: true as const,
  ...counts,
  byCredential: byEntry,
  leases: leases.map(renderLease),
});

export const renderAgent = ({ disabled, blockedBy, lastSeenAt, signal, ...agent }: Agent) =>
  present({
    ...agent,
    disabled: disabled && renderBlock(disabled),
    blockedBy: blockedBy?.map(renderBlock),
    lastSeenAt: instantIf(lastSeenAt),
    signal: signal && present({ ...signal, at: instant(signal.at), endsAt: instantIf(signal.endsAt) }),
  });
