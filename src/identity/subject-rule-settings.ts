import { z } from 'zod';
import { isClaimPath } from './claim-path.js';
import { mayCollide, parseIdTemplate } from './id-template.js';
import { isWildcard } from './subject-rule.js';

const claimPath = z
  .string()
  .max(512)
  .refine(isClaimPath, 'must be the name of a claim, or a JSON Pointer such as "/kubernetes.io/pod/uid"');

const value = z.union([z.string().min(1).max(1024), z.number().int().safe(), z.boolean()]);

export const condition = z.strictObject({
  claim: claimPath.describe('Name of the claim, or JSON Pointer to it.'),
  values: z.array(value).min(1).describe('Values it is matched against; "*" at the end stands for any rest.'),
});

const roles = z.enum(['viewer', 'approver', 'admin', 'breakglass']);

/** Claims that say nothing about who the subject is: a condition on them alone would let everyone in. */
const impersonal = new Set(['iss', 'aud', 'exp', 'iat', 'nbf']);

export const subjectRule = z
  .strictObject({
    where: z
      .record(claimPath, z.union([value, z.array(value).min(1)]))
      .describe(
        'Conditions on claims that all must hold: claim to value, or to a list of which one must match. A value may ' +
          'end in "*"; at least one condition on the subject must do without.',
      ),
    kind: z
      .enum(['agent', 'operator', 'orchestrator'])
      .describe(
        'What the bearer is. One rule gives one kind: agents have no rights of operators, nor the reverse.',
      ),
    id: z
      .string()
      .describe('The id of the principal, with claims in it: "github:{{repository_id}}:{{environment}}".'),
    roles: z
      .array(roles)
      .min(1)
      .optional()
      .describe('What an operator may do. Operators must have it, others must not.'),
    claims: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/), claimPath)
      .default({})
      .describe('Claims that policy and audit see: the name they see, and the claim.'),
  })
  .superRefine((rule, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const personal = Object.entries(rule.where).some(
      ([claim, values]) => !impersonal.has(claim) && ![values].flat().some(isWildcard),
    );
    if (!personal) refuse('where', 'needs at least one condition on the subject without "*"');
    const id = parseIdTemplate(rule.id);
    if ('problem' in id) refuse('id', id.problem);
    if (rule.kind === 'operator' && rule.roles === undefined)
      refuse('roles', 'an operator needs at least one role');
    if (rule.kind !== 'operator' && rule.roles !== undefined)
      refuse('roles', `an ${rule.kind} cannot have roles`);
  });

type Rule = z.output<typeof subjectRule>;

/**
 * Where one id could name two principals: rules of different issuers whose ids may be equal (unless both spell the
 * same fixed id out), and rules that would give one id two kinds.
 */
export function idCollisions(
  issuers: readonly { readonly rules: readonly Rule[] }[],
): { readonly path: PropertyKey[]; readonly message: string }[] {
  const rules = issuers.flatMap((issuer, at) =>
    issuer.rules.map((rule, index) => ({ rule, at, index, id: parseIdTemplate(rule.id) })),
  );
  const found: { path: PropertyKey[]; message: string }[] = [];
  for (const [position, later] of rules.entries())
    for (const earlier of rules.slice(0, position)) {
      if ('problem' in later.id || 'problem' in earlier.id || !mayCollide(earlier.id, later.id)) continue;
      const areFixed = later.id.claims.length === 0 && earlier.id.claims.length === 0;
      const path = [later.at, 'rules', later.index, 'id'];
      const other = `issuers[${earlier.at}].rules[${earlier.index}]`;
      if (later.rule.kind !== earlier.rule.kind)
        found.push({ path, message: `could be an id of ${other}, which is of another kind` });
      else if (later.at !== earlier.at && !areFixed)
        found.push({ path, message: `could be an id of ${other}, which is of another issuer` });
    }
  return found;
}
