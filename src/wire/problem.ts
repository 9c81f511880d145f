import { z } from 'zod';
import type { Shape } from './shape.js';
import { faults } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';

export const faultCode = z.enum(Object.keys(faults) as [FaultCode, ...FaultCode[]]);

/** Every failure, as RFC 9457 problem details; media type `application/problem+json`. */
export const problem = z.strictObject({
  type: z.string().meta({ description: 'Where this kind of problem is explained: `/problems/<code>`.' }),
  title: z.string().meta({ description: 'The kind of problem, the same each time.' }),
  status: z.int().min(400).max(599),
  detail: z.string().meta({ description: 'What happened this time.' }),
  instance: z.string().meta({ description: 'Id of this request; the log line of the broker has the same.' }),
  code: faultCode,
  retry: z.boolean().meta({ description: 'Whether the same request may succeed later, unchanged.' }),
  remedy: z.string().meta({ description: 'What the caller can do about it.' }),
  policies: z.array(z.string()).optional().meta({ description: 'Ids of the policies that decided.' }),
  Code: z.string().optional().meta({ description: 'The code once more, where AWS SDKs look for it.' }),
  Message: z.string().optional().meta({ description: 'Detail and remedy, where AWS SDKs look for them.' }),
  errors: z
    .array(z.strictObject({ pointer: z.string(), detail: z.string() }))
    .optional()
    .meta({ description: 'What is wrong where; `pointer` is a JSON pointer (RFC 6901) into what was sent.' }),
});

/** What a problem type means: the answer of `GET /problems/{code}`. */
export const problemType = z.strictObject({
  type: z.string(),
  code: faultCode,
  title: z.string(),
  status: z.int(),
  retry: z.boolean(),
  remedy: z.string(),
});

export type Problem = Shape<typeof problem>;
