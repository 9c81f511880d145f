import { z } from 'zod';
import { type Row, skewSeconds } from './cover.js';
import type { Subject } from './document.js';

const subjects = ['aws:userid', 'aws:SourceIdentity'] as const satisfies readonly Subject[];
const names = z.partialRecord(z.enum(subjects), z.array(z.string()).min(1));
const everything = { Action: z.literal('*'), Resource: z.literal('*') };
const deny = z.strictObject({
  Sid: z.string().regex(/^[CU]\d+$/),
  Effect: z.literal('Deny'),
  ...everything,
  Condition: z.strictObject({
    StringLike: names,
    StringNotLike: names.optional(),
    DateLessThan: z.strictObject({ 'aws:TokenIssueTime': z.iso.datetime() }).optional(),
  }),
});
const allow = z.strictObject({ Sid: z.literal('A'), Effect: z.literal('Allow'), ...everything });
const cut = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(z.discriminatedUnion('Effect', [deny, allow])),
});

/** A document as it was read back from AWS. */
export interface ReadCut {
  /** Whether it denies a session of this name that was issued at that second. */
  denies(sessionName: string, issuedSeconds: number): boolean;
}

/** Undefined when the text is not what `cutDocument` makes: somebody else has written it. */
export function readCut(text: string): ReadCut | undefined {
  const parsed = cut.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const statements = parsed.data.Statement.filter((statement) => statement.Effect === 'Deny');
  return {
    denies: (sessionName, issuedSeconds) =>
      statements.some(({ Condition: { StringLike, StringNotLike, DateLessThan } }) => {
        const before = DateLessThan && Date.parse(DateLessThan['aws:TokenIssueTime']) / 1000;
        return (
          subjects.every((key) => !StringLike[key] || matches(StringLike[key], sessionName)) &&
          subjects.every((key) => !StringNotLike?.[key] || !matches(StringNotLike[key], sessionName)) &&
          (before === undefined || issuedSeconds < before)
        );
      }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The patterns of `cutDocument`: an optional `*:` before the name, and an optional `*` at its end. */
const matches = (patterns: readonly string[], sessionName: string): boolean =>
  patterns.some((pattern) => {
    const name = pattern.replace(/^\*:/, '');
    return name.endsWith('*') ? sessionName.startsWith(name.slice(0, -1)) : sessionName === name;
  });

/** What stands wrong for a row while these documents are in force together; undefined when nothing does. */
export function wrongFor(row: Row, sessionName: string, documents: readonly ReadCut[]) {
  const denied = (at: number) => documents.some((document) => document.denies(sessionName, at));
  if (row.live) return denied(row.issuedFrom - skewSeconds) ? 'a live session is denied' : undefined;
  return denied(row.issuedUntil + skewSeconds) ? undefined : 'a revoked session is not denied';
}
