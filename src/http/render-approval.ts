import { isOfStep } from '../approval/approval.js';
import type { Approval, CredentialApproval } from '../approval/approval.js';
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
      ...(isOfStep(approval) ? present({ step: approval.step }) : renderHad(approval)),
      approvedUntil: instantIf(approval.approvedUntil),
      endedAt: instantIf(approval.endedAt),
      cause: approval.cause,
      ...(view && { verified: renderVerified(view.verified), claimed: view.claimed }),
    }),
  );
}

function renderAsked(approval: Approval): ApprovalShape['request'] {
  if (isOfStep(approval)) return approval.request;
  const { entry, ttlSeconds, ...rest } = approval.request;
  return { credential: entry, ttl: formatDuration(ttlSeconds), ...rest };
}

const renderHad = ({ granted, lease }: CredentialApproval) =>
  present({
    granted: granted && { ttl: formatDuration(granted.ttlSeconds), parameters: granted.parameters },
    lease,
  });

function renderVerified({
  task,
  entry,
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

const renderEntry = ({ maximumTtlSeconds, ...entry }: NonNullable<ApproverView['verified']['entry']>) =>
  present({
    ...entry,
    maximumTtl: maximumTtlSeconds === undefined ? undefined : formatDuration(maximumTtlSeconds),
  });
