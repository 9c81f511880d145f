import type { Approval, CredentialApproval } from '../../src/approval/approval.js';
import type { ApproverView } from '../../src/approval/approver-view.js';
import type { ApprovalVerbs } from '../../src/broker/broker.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Clock } from '../../src/kernel/clock.js';

export const approvalId = 'apr_0123456789abcdef';

export const pendingApproval = (now: number, over: Partial<CredentialApproval> = {}): CredentialApproval => ({
  id: approvalId,
  digest: 'ab'.repeat(32),
  task: 'tsk_0000aaaa',
  agent: 'spiffe://test/agent',
  request: {
    entry: 'reports-reader',
    parameters: { prefix: 'reports/' },
    ttlSeconds: 600,
    reason: 'monthly',
  },
  demand: { approvers: ['approver'], persons: 1, because: ['risky'], policyDigest: 'd1' },
  known: {
    issuer: 'test',
    claims: { ref: 'main' },
    grantableSeconds: 600,
    sensitivity: 'restricted',
    environment: 'production',
    riskTier: 3,
    provider: 'aws',
    toolDeclared: true,
  },
  state: 'pending',
  requestedAt: now,
  expiresAt: now + 900_000,
  answers: [],
  ...over,
});

const view: ApproverView = {
  verified: {
    agent: { id: 'spiffe://test/agent', issuer: 'test', claims: { ref: 'main' } },
    entry: { provider: 'aws', sensitivity: 'restricted', environment: 'production', riskTier: 3 },
    grantableSeconds: 600,
    toolDeclared: true,
    policies: ['risky'],
    pastUse: { times: 0 },
  },
  claimed: { reason: 'monthly' },
};

/** One approval, in whatever state a test has put it. */
export function pretendApprovals(clock: Clock): ApprovalVerbs {
  let one: Approval = pendingApproval(clock());
  const found = (id: string): Approval => {
    if (id !== one.id) throw new Fault('approval.unknown', 'There is no such approval.');
    return one;
  };
  return {
    list: async () => ({ items: [one] }),
    find: async (_principal, id) => found(id),
    view: async (principal) => (principal.kind === 'operator' ? view : undefined),
    await: async (_principal, id) => found(id),
    async decide(principal, id, { is, ...rest }) {
      if (principal.kind !== 'operator') throw new Fault('role.missing', 'An answer is for a person.');
      const answers = [{ is, by: principal.id, roles: ['approver'], at: clock(), reason: rest.reason ?? '' }];
      return (one = { ...found(id), state: is === 'approve' ? 'approved' : 'denied', answers });
    },
    cancel: async (_principal, id) => (one = { ...found(id), state: 'cancelled' }),
    revoke: async (_principal, id) => (one = { ...found(id), state: 'revoked' }),
  };
}
