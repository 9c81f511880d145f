import { isOfDelegation, isOfStep } from '../approval/approval.js';
import type { Approval } from '../approval/approval.js';
import type { Notice, Message } from '../notification/notice.js';
import { messageOf } from '../notification/notice.js';
import { formatDuration } from '../kernel/duration.js';
import type { Ports } from './ports.js';

/**
 * What is told of it: who, which entry, how risky, how long, and where to look; no argument, no reason, no secret. Undefined
 * when there is nothing to be told any more.
 */
export async function tellingOf(
  { ledger, policy }: Pick<Ports, 'ledger' | 'policy'>,
  notice: Notice,
  consoleUrl: string,
): Promise<Message | undefined> {
  if (notice.type.startsWith('approval.')) {
    const approval = await ledger.approvals.find(notice.subject);
    if (!approval) return undefined;
    return messageOf(notice, {
      approval: approval.id,
      status: approval.state,
      agent: approval.agent,
      ...subjectOf(approval),
      policies: approval.demand.because.join(' '),
      expires_at: new Date(approval.expiresAt).toISOString(),
      digest: approval.digest,
      url: `${consoleUrl}/console/approvals/${approval.id}`,
    });
  }
  const taken = await ledger.breakGlass.find(notice.subject);
  if (!taken) return undefined;
  const entry = policy().catalog.get(taken.entry);
  return messageOf(notice, {
    break_glass: taken.id,
    operator: taken.by,
    credential: taken.entry,
    provider: entry?.provider,
    environment: entry?.environment,
    risk_tier: entry?.riskTier,
    ttl: formatDuration(taken.ttlSeconds),
    expires_at: new Date(taken.endsAt).toISOString(),
    ticket: taken.ticket,
    url: `${consoleUrl}/console/break-glass/${taken.id}`,
  });
}

function subjectOf(approval: Approval) {
  if (isOfStep(approval)) {
    const { kind, dataClass } = approval.known;
    // A tool that the settings do not know is called what the agent likes.
    return {
      tool: kind === undefined ? undefined : approval.request.tool,
      tool_kind: kind,
      data_class: dataClass,
    };
  }
  if (isOfDelegation(approval)) {
    const { delegate, depth, entries } = approval.known;
    return {
      // An agent that the inventory does not know is called what the one that delegates likes.
      delegate: delegate && approval.request.delegate,
      depth,
      credentials: entries.map(({ name }) => name).join(' '),
      risk_tier: Math.max(...entries.map(({ riskTier }) => riskTier)),
    };
  }
  const { provider, environment, riskTier } = approval.known;
  return {
    credential: approval.request.entry,
    provider,
    environment,
    risk_tier: riskTier,
    ttl: formatDuration(approval.request.ttlSeconds),
  };
}
