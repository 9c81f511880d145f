import { z } from 'zod';
import type { Shape } from './shape.js';
import { duration } from '../kernel/duration.js';
import { reason } from './lease.js';
import { line, name, taskId } from './text.js';

/** `parameters` in a query: a JSON object in one value. */
const parametersText = z
  .string()
  .max(4096)
  .transform((text, context): Record<string, unknown> => {
    try {
      return z.record(z.string().max(64), z.unknown()).parse(JSON.parse(text));
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a JSON object' });
      return z.NEVER;
    }
  });

export const awsCredentialsQuery = z.strictObject({
  task: taskId.meta({ description: 'The task that the session is for.' }),
  credential: name.meta({ description: 'Name of a catalog entry of AWS.' }),
  ttl: duration.optional().meta({
    description: 'How long it should last; an hour when left out, or the most that the entry allows.',
  }),
  tool: line(128).optional().meta({ description: 'The tool that is about to use it.' }),
  reason: reason.optional().meta({ description: 'Why, in words; kept in the audit log.' }),
  parameters: parametersText
    .optional()
    .meta({ description: 'Values that narrow the entry, as a JSON object.' }),
});

/** As AWS SDKs read it (AWS SDKs and Tools Reference Guide, "Container credential provider"). */
export const awsCredentials = z
  .strictObject({
    AccessKeyId: z.string(),
    SecretAccessKey: z.string(),
    Token: z.string(),
    Expiration: z.string().meta({ description: 'SDKs ask again before it.' }),
    AccountId: z.string().optional(),
  })
  .meta({ description: 'A session, for this once.' });

export type AwsCredentialsShape = Shape<typeof awsCredentials>;
