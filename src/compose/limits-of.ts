import { approvalLimits } from '../approval/approval-settings.js';
import type { Limits } from '../broker/ports.js';
import type { Settings } from '../settings/load.js';

export const limitsOf = ({ limits, delivery, approvals, breakGlass }: Settings): Limits => ({
  longestTaskSeconds: limits.longestTask,
  mintTimeoutMs: limits.mintTimeout * 1000,
  revokeTimeoutMs: limits.revokeTimeout * 1000,
  endWithProof: limits.credentialsEndWithProof,
  encryptToAnyKey: delivery.encryptTo === 'any',
  longestOverdueMs: limits.longestOverdue * 1000,
  stepsPerTask: limits.stepsPerTask,
  delegation: {
    depth: limits.subtaskDepth,
    fanOut: limits.subtasksPerTask,
    tree: limits.subtasksPerTree,
  },
  liveLeasesPerAgent: limits.liveLeasesPerAgent,
  liveLeases: limits.liveLeases,
  liveLeasesPerTask: limits.liveLeasesPerTask,
  liveLeasesPerTree: limits.liveLeasesPerTree,
  issueRatePerAgent: limits.issueRatePerAgent,
  issueRatePerTask: limits.issueRatePerTask,
  taskRatePerAgent: limits.taskRatePerAgent,
  approvals: approvalLimits(approvals),
  breakGlassMaximumSeconds: breakGlass.maximumTtl,
});
