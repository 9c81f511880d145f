import { z } from 'zod';
import { obligations } from './obligation.js';

// AuthZEN Authorization API 1.0. Members that it does not name are ignored (section 5), so these schemas are not strict.

const properties = z.record(z.string(), z.unknown()).optional();
const text = z.string().min(1).max(2048);

const subject = z.object({ type: text, id: text, properties }).meta({
  description: 'Type `agent`; the id is that of a principal.',
});
const action = z.object({ name: text, properties }).meta({ description: '`issue`, `step` or `delegate`.' });
const resource = z.object({ type: text, id: text, properties }).meta({
  description:
    'A `credential` (catalog entry), a `tool` or an `agent`; `properties.parameters` of a credential.',
});
const context = z
  .record(z.string(), z.unknown())
  .meta({ description: '`task`: the task that it is asked for; `tool`, `reason`, `ttl` of a credential.' });

export const evaluationRequest = z.object({ subject, action, resource, context: context.optional() }).meta({
  description: 'Asks whether something would be permitted; nothing is issued, and nothing recorded.',
});

export const evaluationsRequest = z
  .object({
    subject: subject.optional(),
    action: action.optional(),
    resource: resource.optional(),
    context: context.optional(),
    evaluations: z
      .array(
        z.record(z.string(), z.unknown()).meta({
          description:
            '`subject`, `action`, `resource`, `context`. One that is not sound is answered with a denial.',
        }),
      )
      .max(100)
      .optional(),
    options: z
      .object({
        evaluations_semantic: z
          .enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'])
          .default('execute_all'),
      })
      .optional(),
  })
  .meta({
    description: 'Several at once; what stands outside of `evaluations` is for all that do not say it.',
  });

export const evaluation = z
  .strictObject({
    decision: z.boolean(),
    context: z
      .strictObject({
        evaluation_id: z.string().optional(),
        reason: z.string().meta({ description: '`permit`, or the code of what stands against it.' }),
        policies: z.array(z.string()),
        obligations: obligations.optional(),
      })
      .optional(),
  })
  .meta({ description: 'A denial is an answer like any other: 200 with `decision: false`.' });

export const evaluations = z.union([z.strictObject({ evaluations: z.array(evaluation) }), evaluation]);

export const authzenConfiguration = z.strictObject({
  policy_decision_point: z.string(),
  access_evaluation_endpoint: z.string(),
  access_evaluations_endpoint: z.string(),
  supported_obligations: z.array(z.string()),
});
