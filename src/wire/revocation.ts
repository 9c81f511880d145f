import { z } from 'zod';
import { scopeKinds } from '../kernel/scope-kinds.js';
import { lease, revocationCause } from './lease.js';
import { pageOf, pageQuery } from './page.js';
import { instant, line, name, principalId, prose, taskId } from './text.js';

const why = prose(500);

/** Exactly one of these says whose leases. */
const selectors = {
  task: taskId.optional().meta({ description: 'Of this task, which is ended.' }),
  agent: principalId.optional().meta({ description: 'Of this agent.' }),
  owner: line(256).optional().meta({
    description: 'Of all agents of this owner; refused where nothing has the name, as are the next three.',
  }),
  provider: name.optional().meta({ description: 'From this provider.' }),
  credential: name.optional().meta({ description: 'Of this catalog entry.' }),
  issuer: line(2048)
    .optional()
    .meta({ description: 'Of agents whose tokens are of this issuer or trust domain.' }),
  all: z.literal(true).optional().meta({ description: 'All there are.' }),
};

export const revocationRequest = z
  .strictObject({
    ...selectors,
    dryRun: z.boolean().default(false).meta({ description: 'Only say what would be revoked.' }),
    block: z.boolean().default(true).meta({
      description: 'Whether nothing of it is issued until the block is lifted. A task is ended instead.',
    }),
    reason: why.optional().meta({ description: 'Why, for the audit log and for whoever finds the block.' }),
  })
  .refine((request) => Object.keys(selectors).filter((each) => each in request).length === 1, {
    message: `exactly one of ${Object.keys(selectors).join(', ')} has to be named`,
  })
  .meta({ description: 'Revokes many leases at once.' });

export const scope = z
  .strictObject({ of: z.enum(scopeKinds), name: z.string() })
  .meta({ description: 'Whose leases; `name` is empty for `all`.' });

const counts = z.record(z.string(), z.int().min(0));

export const block = z
  .strictObject({
    id: z.string(),
    scope,
    disabled: z.literal(true).optional().meta({ description: 'The agent is disabled.' }),
    by: z.string(),
    reason: z.string(),
    at: instant,
  })
  .meta({ description: 'Nothing of its scope is issued or renewed until it is lifted.' });

export const revocation = z
  .strictObject({
    id: z.string(),
    what: z.enum(['revoke', 'evaluate']).meta({
      description: '`evaluate`: leases are looked at again, and those that no longer pass are revoked.',
    }),
    scope,
    cause: revocationCause,
    by: z.string(),
    reason: z.string(),
    begunAt: instant,
    sweptAt: instant.optional().meta({ description: 'When every lease in reach had begun to end.' }),
    total: z.int().min(0),
    revoked: z.int().min(0),
    expired: z.int().min(0),
    stuck: z.int().min(0),
    pending: z.int(),
  })
  .meta({ description: 'Many leases that end together, and how far that is.' });

export const blastRadius = z
  .strictObject({
    dryRun: z.literal(true),
    total: z.int().min(0),
    byProvider: counts,
    byCredential: counts,
    byAgent: counts,
    byEffect: counts,
    leases: z.array(lease).meta({ description: 'Some of them.' }),
    approvals: z.int().min(0).meta({
      description:
        'Questions that wait for a person, and approvals that were not used: they are revoked as well.',
    }),
  })
  .meta({ description: 'The leases that would be revoked: all are counted, some are shown.' });

export const begunRevocation = z
  .strictObject({ dryRun: z.literal(false), revocation, block: block.optional() })
  .meta({ description: 'The block holds already; the leases are being revoked.' });

export const revocationQuery = z.strictObject({ ...pageQuery });
export const revocationPage = pageOf(revocation);
export const blockList = z.strictObject({ items: z.array(block) });
export const lifting = z.strictObject({ reason: why.meta({ description: 'Why, for the audit log.' }) });
