import { z } from 'zod';
import { lease, reason } from './lease.js';
import { taskId } from './text.js';

export const revocationRequest = z
  .strictObject({
    task: taskId.meta({ description: 'Every lease of this task.' }),
    dryRun: z.boolean().default(false).meta({ description: 'Only say what would be revoked.' }),
    reason: reason.optional().meta({ description: 'Why, for the audit log.' }),
  })
  .meta({ description: 'Revokes many leases at once.' });

export const blastRadius = z
  .strictObject({ dryRun: z.boolean(), leases: z.array(lease) })
  .meta({ description: 'The leases that are being revoked, or would be.' });
