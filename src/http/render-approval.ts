import type { Approval } from '../approval/approval.js';
import type { ApproverView } from '../approval/approver-view.js';
import { inertIn } from '../approval/inert.js';
import { formatDuration } from '../kernel/duration.js';
import { present } from '../kernel/present.js';
import type { ApprovalShape } from '../wire/approval.js';
import { instant, instantIf } from './instant.js';

/** `base`: where people reach the console. All text of it is inert. */
export function renderApproval(approval: Approval, base: string, view?: ApproverView): ApprovalShape {
  const { request, granted } = approval;
  return inertIn(
    present({
      id: approval.id,
      status: approval.state,
      url: `${base}/console/approvals/${approval.id}`,
      digest: approval.digest,
      agent: approval.agent,
      task: approval.task,
      request: present({
        credential: request.entry,
        parameters: request.parameters,
        ttl: formatDuration(request.ttlSeconds),
        tool: request.tool,
        reason: request.reason,
        ticket: request.ticket,
      }),
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
      granted: granted && { ttl: formatDuration(granted.ttlSeconds), parameters: granted.parameters },
      approvedUntil: instantIf(approval.approvedUntil),
      lease: approval.lease,
      endedAt: instantIf(approval.endedAt),
      cause: approval.cause,
      ...(view && { verified: renderVerified(view.verified), claimed: view.claimed }),
    }),
  );
}

function renderVerified({
  task,
  entry,
  grantableSeconds,
  pastUse,
  before,
  ...rest
}: ApproverView['verified']) {
  const { maximumTtlSeconds, ...ofEntry } = entry;
  return present({
    ...rest,
    grantableTtl: formatDuration(grantableSeconds),
    task: task && renderTaskFacts(task),
    entry: present({
      ...ofEntry,
      maximumTtl: maximumTtlSeconds === undefined ? undefined : formatDuration(maximumTtlSeconds),
    }),
    pastUse: present({ leases: pastUse.leases, lastAt: instantIf(pastUse.lastAt) }),
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
