import { z } from 'zod';
import { parseDuration } from '../kernel/duration.js';

// What people and agents write is shown to others. Terminals obey control characters; separators make lines of one; and
// what turns the direction of text, or is made of tag characters, reads otherwise than it is.
const unseen = String.raw`\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}`;
const prosePattern = new RegExp(String.raw`^(?:[^${unseen}]|[\n\t])*$`, 'u');
const linePattern = new RegExp(`^[^${unseen}]*$`, 'u');

/** A reason, a ticket or an intent of blanks, or of marks that have no shape, would be none. */
const isSeen = (text: string): boolean => /[^\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800\s]/u.test(text);

/** Text of several lines; the caller's own words, never interpreted. */
export const prose = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(prosePattern, 'characters that control or hide text are not allowed')
    .refine(isSeen, 'there is nothing in it to be seen');

/** Text of one line. */
export const line = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(linePattern, 'characters that control or hide text are not allowed')
    .refine(isSeen, 'there is nothing in it to be seen');

/** Text of one line that may be empty. */
export const lineOrNothing = (longest: number) =>
  z.string().max(longest).regex(linePattern, 'characters that control or hide text are not allowed');

/** Name of a catalog entry, a provider or a webhook source. */
export const name = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected a name of letters, digits, ".", "_" and "-"');

/** A principal: a SPIFFE ID (up to 2,048 bytes) or the name that its issuer's settings give it. */
export const principalId = line(2048);

export const taskId = z.string().regex(/^tsk_[0-9A-Za-z]{8}$/, 'expected a task id such as "tsk_4Fq2aB9x"');
export const stepId = z.string().regex(/^stp_[0-9A-Za-z]{14}$/, 'expected a step id');
export const approvalId = z.string().regex(/^apr_[0-9A-Za-z]{16}$/, 'expected an approval id');
export const leaseId = z.string().regex(/^lse_[0-9A-Za-z]{14}$/, 'expected a lease id');

/** A moment: ISO 8601 in UTC, with milliseconds. */
export const instant = z.iso.datetime();

/** A length of time in an answer, such as "15m". */
export const durationText = z.string().regex(/^(\d+[smhd])+$/);

/** When something must be over: at a moment, or so many seconds from now. */
export type Deadline = { readonly atMs: number } | { readonly inSeconds: number };

/** A moment in ISO 8601 with its offset. */
export const withOffset = z.iso.datetime({ offset: true });

/** A moment in ISO 8601 with its offset ("2030-01-31T12:00:00Z"), or a duration from now ("2h"). */
export const deadline = z
  .string()
  .max(64)
  .transform((text, context): Deadline => {
    const inSeconds = parseDuration(text);
    if (inSeconds !== undefined) return { inSeconds };
    if (withOffset.safeParse(text).success) return { atMs: Date.parse(text) };
    context.addIssue({
      code: 'custom',
      message: 'expected a moment such as "2030-01-31T12:00:00Z" or a duration from now such as "2h"',
    });
    return z.NEVER;
  })
  .meta({ description: 'ISO 8601 with an offset, or a duration from now such as "2h".' });
