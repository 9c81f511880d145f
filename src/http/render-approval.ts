import { isOfCredential, isOfDelegation } from '../approval/approval.js';
import type { Approval } from '../approval/approval.js';
import type { AskedDelegation } from '../approval/asked.js';
import type { ApproverView } from '../approval/approver-view.js';
import { inertIn } from '../approval/inert.js';
import { formatDuration } from '../kernel/duration.js';
import { present } from '../kernel/present.js';
import type { ApprovalShape } from '../wire/approval.js';
import { instant, instantIf } from './instant.js';

/** `base`: where people reach the console. All text of it is inert. */
export function renderApproval(approval: Approval, base: string, view?: ApproverView): ApprovalShape {
  return inertIn(
    present({
      id: approval.id,
      status: approval.state,
      url: `${base}/console/approvals/${approval.id}`,
      digest: approval.digest,
      agent: approval.agent,
      task: approval.task,
      request: renderAsked(approval),
      approvers: approval.demand.approvers,
      persons: approval.demand.persons,
      each: approval.demand.each,
      policyDigest: approval.demand.policyDigest,
      requestedAt: instant(approval.requestedAt),
      expiresAt: instant(approval.expiresAt),
      answers: approval.answers.map(({ is, by, at, reason, ttlSeconds, parameters }) =>
        present({
          decision: is,
          by,
          at: instant(at),
          reason,
          ttl: ttlSeconds === undefined ? undefined : formatDuration(ttlSeconds),
          parameters,
        }),
      ),
      ...renderHad(approval),
      approvedUntil: instantIf(approval.approvedUntil),
      endedAt: instantIf(approval.endedAt),
      takenBack: approval.takenBack,
      cause: approval.cause,
      ...(view && { verified: renderVerified(view.verified), claimed: view.claimed }),
    }),
  );
}

function renderAsked(approval: Approval): ApprovalShape['request'] {
  if (isOfDelegation(approval)) return renderDelegation(approval.request);
  if (!isOfCredential(approval)) return approval.request;
  const { entry, ttlSeconds, ...rest } = approval.request;
  return { credential: entry, ttl: formatDuration(ttlSeconds), ...rest };
}

function renderDelegation({ delegate, intent, scope, ...deadline }: AskedDelegation) {
  const { allowed, maximumTtlSeconds, ...names } = scope;
  return {
    ...{ agent: delegate, intent, ...names, ...renderDeadline(deadline) },
    allowed: allowed.map(({ credential, limits }) => ({ credential, parameters: limits })),
    ...(maximumTtlSeconds !== undefined && { maximumTtl: formatDuration(maximumTtlSeconds) }),
  };
}

/** As it was asked: a duration, or a moment. */
const renderDeadline = ({
  deadlineInSeconds,
  deadlineAt,
}: Pick<AskedDelegation, 'deadlineInSeconds' | 'deadlineAt'>) => ({
  deadline: deadlineInSeconds === undefined ? instant(deadlineAt ?? 0) : formatDuration(deadlineInSeconds),
});

/** What became of it. */
function renderHad(approval: Approval) {
  if (isOfDelegation(approval)) return present({ subtask: approval.subtask });
  if (!isOfCredential(approval)) return present({ step: approval.step });
  const { granted, lease } = approval;
  return present({
    granted: granted && { ttl: formatDuration(granted.ttlSeconds), parameters: granted.parameters },
    lease,
  });
}

function renderVerified({
  task,
  entry,
  delegation,
  grantableSeconds,
  pastUse,
  before,
  ...rest
}: ApproverView['verified']) {
  return present({
    ...rest,
    grantableTtl: grantableSeconds === undefined ? undefined : formatDuration(grantableSeconds),
    task: task && renderTaskFacts(task),
    entry: entry && renderEntry(entry),
    delegation: delegation && renderDelegationFacts(delegation),
    pastUse: present({ times: pastUse.times, lastAt: instantIf(pastUse.lastAt) }),
    before: before && {
      approval: before.approval,
      status: before.state,
      requestedAt: instant(before.requestedAt),
      differences: before.differences,
    },
  });
}

function renderTaskFacts({ openedAt, deadlineAt, ...task }: NonNullable<ApproverView['verified']['task']>) {
  return { ...task, openedAt: instant(openedAt), deadline: instant(deadlineAt) };
}

function renderDelegationFacts({
  allowed,
  maximumTtlSeconds,
  deadlineInSeconds,
  deadlineAt,
  ...rest
}: NonNullable<ApproverView['verified']['delegation']>) {
  return present({
    ...rest,
    allowed: allowed.map(({ limits, ...entry }) => ({ ...entry, parameters: limits })),
    maximumTtl: maximumTtlSeconds === undefined ? undefined : formatDuration(maximumTtlSeconds),
    ...renderDeadline(present({ deadlineInSeconds, deadlineAt })),
  });
}

const renderEntry = ({ maximumTtlSeconds, ...entry }: NonNullable<ApproverView['verified']['entry']>) =>
  present({
    ...entry,
    maximumTtl: maximumTtlSeconds === undefined ? undefined : formatDuration(maximumTtlSeconds),
  });
