import { z } from 'zod';

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value): readonly string[] => [value].flat());
const conditionValues = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))])
  .transform((value): readonly string[] => [value].flat().map(String));
const statement = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.record(z.string(), oneOrMore)]).optional(),
  NotPrincipal: z.unknown().optional(),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Condition: z.record(z.string(), z.record(z.string(), conditionValues)).optional(),
});

/** A policy document of IAM as it is read there, with every list a list. */
export const policyDocument = z.object({
  Statement: z.union([statement, z.array(statement)]).transform((value) => [value].flat()),
});

export type Statement = z.output<typeof statement>;
export type PolicyDocument = z.output<typeof policyDocument>;

/** IAM gives documents URL-encoded (RFC 3986). Undefined when it is none. */
export function readDocument(encoded: string | undefined): PolicyDocument | undefined {
  try {
    return policyDocument.parse(JSON.parse(decodeURIComponent(encoded ?? '')));
  } catch {
    return undefined;
  }
}
