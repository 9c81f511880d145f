import { z } from 'zod';
import type { Shape } from './shape.js';
import { instant } from './text.js';

const operatorRole = z.enum(['viewer', 'approver', 'admin', 'breakglass']);

export const session = z
  .strictObject({
    principal: z.string().meta({ description: 'Principal id, the same as with a bearer token.' }),
    roles: z.array(operatorRole),
    beganAt: instant,
    endsAt: instant.meta({ description: 'The end that no use puts off.' }),
    csrfToken: z
      .string()
      .meta({ description: 'For the header `Protem-CSRF` of every request that changes something.' }),
  })
  .meta({ description: 'A session of the console; it is proved by its cookie.' });

export const endedSession = z.strictObject({ ended: z.literal(true) });

export type SessionShape = Shape<typeof session>;
