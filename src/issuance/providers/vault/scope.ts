import { z } from 'zod';
import { duration } from '../../../kernel/duration.js';
import { Fault } from '../../../kernel/fault.js';

const field = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

/** Vault reads names of policies without the blanks around them and in lower case. */
const isRoot = (policy: string): boolean => policy.trim().toLowerCase() === 'root';

export const scope = z
  .strictObject({
    policies: z
      .array(z.string().min(1))
      .min(1)
      .refine((names) => !names.some(isRoot), 'no lease is given the policy "root"')
      .describe('Vault policies of the token of the lease; the widest that the entry may reach.'),
    deliver: z
      .enum(['secret', 'token', 'wrapped'])
      .default('secret')
      .describe(
        'What the agent gets: the secret at `path`, the Vault token of the lease, or the secret wrapped for one reading.',
      ),
    path: z.string().min(1).optional().describe('What is read, for example "database/creds/reports".'),
    method: z.enum(['read', 'write']).default('read').describe('Whether `path` is read or written to.'),
    data: z.record(z.string(), field).optional().describe('What is written to `path`.'),
    wrapTtl: duration.default(300).describe('How long a wrapped secret waits for its reader.'),
    static: z
      .boolean()
      .default(false)
      .describe('Allows a secret that Vault keeps no lease for (KV): revoking cannot take it back.'),
  })
  .superRefine((entry, context) => {
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (entry.deliver === 'token') {
      if (entry.path !== undefined) wrong('path', 'a token is delivered without reading anything');
      if (entry.static) wrong('static', 'a token always has an end');
    } else if (entry.path === undefined) wrong('path', `needed to deliver a ${entry.deliver}`);
    if (entry.data && entry.method !== 'write') wrong('data', 'only for the method "write"');
  });

export type VaultScope = z.output<typeof scope>;

/** Looks at the policies again, now that the parameters are filled in. Throws Fault `credential.parameters`. */
export function policiesOf(policies: readonly string[]): readonly string[] {
  if (policies.some((policy) => isRoot(policy) || policy.trim() === ''))
    throw new Fault('credential.parameters', 'The parameters make no policies that the entry allows.');
  return policies;
}

/**
 * The path as Vault routes it, each segment encoded, so that no parameter can leave its segment or add a query.
 * Throws Fault `credential.parameters`.
 */
export function routeOf(path: string): string {
  const segments = path.split('/');
  if (segments.some((segment) => /^\.{0,2}$|\p{Surrogate}/u.test(segment)))
    throw new Fault('credential.parameters', 'The parameters make no path that Vault could route.');
  return segments.map(encodeURIComponent).join('/');
}
