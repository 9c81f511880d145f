import { z } from 'zod';
import { riskLevels } from '../kernel/risk-levels.js';
import { pageOf, pageQuery } from './page.js';
import { block } from './revocation.js';
import { deadline, instant, prose } from './text.js';

const level = z.enum(riskLevels);

export const agent = z
  .strictObject({
    id: z.string(),
    owner: z.string().optional(),
    purpose: z.string().optional(),
    issuer: z
      .string()
      .optional()
      .meta({ description: 'Of its last token; absent until it asked for something.' }),
    status: z.enum(['enabled', 'disabled', 'blocked', 'ownerless']).meta({
      description: '`enabled`: nothing stands against it. `blocked`: a kill switch does.',
    }),
    disabled: block.optional().meta({ description: 'By whom, when and why.' }),
    blockedBy: z.array(block).optional().meta({
      description: 'Blocks of it, its owner, its issuer or all; a disabled agent may have some too.',
    }),
    lastSeenAt: instant
      .optional()
      .meta({ description: 'When it last asked for a credential, announced a step or delegated.' }),
    liveLeases: z.int().min(0),
    risk: level,
    signal: z
      .strictObject({
        level,
        reason: z.string(),
        by: z.string(),
        at: instant,
        endsAt: instant.optional(),
      })
      .optional()
      .meta({ description: 'Who says so, and why.' }),
  })
  .meta({ description: 'An agent of the inventory, or one that has asked for a credential.' });

export const agentQuery = z.strictObject({ ...pageQuery });
export const agentPage = pageOf(agent);

export const agentChange = z.strictObject({
  reason: prose(500).meta({ description: 'Why, for the audit log.' }),
});

export const signalRequest = z
  .strictObject({
    level: level.meta({ description: '`none` takes back what was said before.' }),
    reason: prose(500).meta({ description: 'Why, for the audit log.' }),
    until: deadline.optional().meta({ description: 'From then on it counts no longer.' }),
  })
  .meta({ description: 'How much is to be feared of an agent. Its leases are evaluated again.' });
