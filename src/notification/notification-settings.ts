import { z } from 'zod';
import { sharedKey } from '../identity/hooks/standard-webhooks.js';
import { Secret } from '../kernel/secret.js';

const noticeTypes = [
  'approval.requested',
  'approval.decided',
  'breakglass.opened',
  'breakglass.expired',
] as const;

const signingSecret = z
  .instanceof(Secret<string>)
  .refine(
    (secret) => sharedKey(secret.reveal()) !== undefined,
    'expected "whsec_" and base64 of 24 to 64 bytes',
  );

const target = z
  .strictObject({
    url: z
      .string()
      .refine((text) => URL.canParse(text) && /^https?:\/\//.test(text), 'must be an address')
      .describe('Where to send: a relay to your chat, pager or mail.'),
    secrets: z
      .array(signingSecret)
      .min(1)
      .max(4)
      .describe('What it is signed with (Standard Webhooks, "whsec_..."); with each, while you rotate.'),
    types: z
      .array(z.enum(noticeTypes))
      .min(1)
      .default([...noticeTypes])
      .describe('What it is told of.'),
    allowPrivate: z
      .boolean()
      .default(false)
      .describe('Lets the address lie in a private network, or on this machine, and be plain http.'),
  })
  .superRefine(({ url, allowPrivate }, context) => {
    if (!allowPrivate && !url.startsWith('https:'))
      context.addIssue({ code: 'custom', path: ['url'], message: 'must be https (or set allowPrivate)' });
    if (URL.canParse(url) && (new URL(url).username || new URL(url).password))
      context.addIssue({ code: 'custom', path: ['url'], message: 'must hold no user and no password' });
  });

/** The section `notifications` of the settings: targets by name. */
export const notificationSettings = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a name such as "chat"'), target)
  .default({})
  .describe('Who is told of approvals and emergencies, by signed webhook.');

export type NoticeTarget = z.output<typeof target>;
