import { z } from 'zod';
import type { Shape } from './shape.js';
import { pageOf, pageQuery } from './page.js';
import { instant, leaseId, principalId, taskId, withOffset } from './text.js';

const moment = withOffset.optional();

/** `lease`, `task` and `agent` each name the subject: give one of them, or none for the whole log. */
export const auditQuery = z
  .strictObject({
    ...pageQuery,
    lease: leaseId.optional(),
    task: taskId.optional(),
    agent: principalId.optional(),
    since: moment.meta({ description: 'From this moment on: ISO 8601 with its offset.' }),
    until: moment.meta({ description: 'What came before this moment.' }),
  })
  .refine(
    ({ lease, task, agent }) => [lease, task, agent].filter((subject) => subject !== undefined).length <= 1,
    'expected at most one of "lease", "task" and "agent"',
  );

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The event is passed on exactly as it was chained, so that whoever reads it can check the hash. */
export const auditRecord = z
  .strictObject({
    chain: z.string().meta({ description: 'Id of the chain.' }),
    seq: z.int().min(1).meta({ description: 'Place in the chain.' }),
    id: z.string(),
    at: instant,
    event: z.looseObject({ type: z.string() }),
    previous: hash.meta({ description: 'Hash of the record before; 64 zeros for the first.' }),
    hash: hash.meta({
      description:
        'SHA-256 over the canonical JSON (RFC 8785) of chain, digest, id, previous and seq; the digest is that of the event.',
    }),
  })
  .meta({ description: 'One event in its place in the chain.' });

export const auditPage = pageOf(auditRecord);

export type AuditRecordShape = Shape<typeof auditRecord>;
