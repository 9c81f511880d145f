import { z } from 'zod';
import { duration } from '../kernel/duration.js';
import { rateSettings } from '../policy/rate.js';

const names = z.array(z.string().min(1).max(256));

/** The section `approvals` of the settings. */
export const approvalSettings = z
  .strictObject({
    pendingFor: duration
      .default(900)
      .describe('How long a question can be answered; unanswered it has expired, which is a no.'),
    usableFor: duration
      .default(3600)
      .describe('How long what was approved can be used. A credential that it issues ends no later.'),
    askAgainAfter: duration
      .default(300)
      .describe('How long the same request is answered with the denial it got, and shown to nobody.'),
    pendingPerAgent: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .describe('The most questions that one requester may have open.'),
    askRatePerAgent: rateSettings
      .default({ most: 60, withinSeconds: 3600 })
      .describe('How often one requester may ask persons something new, cancelled or denied since or not.'),
    twoPersonsFromTier: z
      .int()
      .min(0)
      .max(4)
      .default(3)
      .describe(
        'From this risk tier on two different persons have to approve; 4 leaves it to policy (@persons).',
      ),
    ownersMayApprove: z
      .boolean()
      .default(false)
      .describe('Whether the owner of the agent, or whoever the task is on behalf of, may answer for it.'),
    roles: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be a role such as "payments-approver"'),
        z.array(z.string().min(1).max(2048)),
      )
      .default({})
      .describe('Roles that @ask may name beside those of operators: the principal ids that hold each.'),
    acr: names
      .default([])
      .describe('Approvers must have signed in in one of these ways (`acr` of their token); see `amr`.'),
    amr: names
      .default([])
      .describe(
        'Or with one of these methods (`amr`, RFC 8176), such as "mfa" or "hwk"; with neither, any sign-in will do.',
      ),
  })
  .describe('How persons are asked, and who may answer.');

export type ApprovalSettings = z.output<typeof approvalSettings>;

/** As the broker uses them; milliseconds. */
export const approvalLimits = (settings: ApprovalSettings) => ({
  pendingMs: settings.pendingFor * 1000,
  usableMs: settings.usableFor * 1000,
  askAgainMs: settings.askAgainAfter * 1000,
  pendingPerAgent: settings.pendingPerAgent,
  askRate: settings.askRatePerAgent,
  twoPersonsFromTier: settings.twoPersonsFromTier,
  ownersMayApprove: settings.ownersMayApprove,
  roles: settings.roles,
  acr: settings.acr,
  amr: settings.amr,
});
