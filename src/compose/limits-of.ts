import { approvalLimits } from '../approval/approval-settings.js';
import type { Limits } from '../broker/ports.js';
import type { Settings } from '../settings/load.js';

export const limitsOf = ({ limits, approvals, breakGlass }: Settings): Limits => ({
  longestTaskSeconds: limits.longestTask,
  mintTimeoutMs: limits.mintTimeout * 1000,
  revokeTimeoutMs: limits.revokeTimeout * 1000,
  endWithProof: limits.credentialsEndWithProof,
  longestOverdueMs: limits.longestOverdue * 1000,
  liveLeasesPerAgent: limits.liveLeasesPerAgent,
  liveLeases: limits.liveLeases,
  liveLeasesPerTask: limits.liveLeasesPerTask,
  approvals: approvalLimits(approvals),
  breakGlassMaximumSeconds: breakGlass.maximumTtl,
});
