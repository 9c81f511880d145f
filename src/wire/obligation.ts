import { z } from 'zod';

/** The AuthZEN obligations profile; a duty of a policy is of no registered type, so each is `custom`. */
const obligation = z.strictObject({
  id: z.string().meta({ description: 'Of this one in the answer.' }),
  type: z.literal('custom'),
  properties: z.strictObject({
    duty: z.string().meta({ description: 'What is to be done, as `@obligation` of the policy has it.' }),
    policy: z.string().meta({ description: 'The policy that demands it.' }),
  }),
});

export const obligations = z.array(obligation).meta({
  description:
    'What has to be done besides; whoever does not know one of them takes the answer for a denial.',
});
