import { claimAt, isClaimPath, isScalar } from './claim-path.js';
import type { Claims } from './jws.js';

/** `github:{{repository_id}}`, taken apart: text, claim, text, claim ... text. */
export interface IdTemplate {
  /** One more than `claims`; the first is what all ids of the template begin with. */
  readonly texts: readonly string[];
  readonly claims: readonly string[];
}

/** Printable ASCII without blank: what an id may be made of, in logs, keys and policies. */
const idPattern = /^[\x21-\x7e]{1,256}$/;

/**
 * Takes the template apart, or says what is wrong with it. It begins with a text of its own, so that no two issuers
 * can name the same principal by accident, and has text between any two claims.
 */
export function parseIdTemplate(text: string): IdTemplate | { readonly problem: string } {
  const parts = text.split(/\{\{\s*(.*?)\s*\}\}/);
  const texts = parts.filter((_, index) => index % 2 === 0);
  const claims = parts.filter((_, index) => index % 2 === 1);
  const between = texts.slice(1, -1);
  if (texts.some((part) => /[{}]/.test(part) || (part !== '' && !idPattern.test(part))))
    return { problem: 'is not made of printable characters and {{claim}} placeholders' };
  if (texts[0] === '')
    return { problem: 'must begin with a text of your own, as in "github:{{repository_id}}"' };
  if (text.startsWith('spiffe:'))
    return { problem: 'must not look like a SPIFFE ID: those come from trust domains' };
  if (between.includes('')) return { problem: 'needs a text between two claims' };
  if (!claims.every(isClaimPath))
    return { problem: 'names a claim that is neither a name nor a JSON Pointer' };
  return { texts, claims };
}

/**
 * The id of the principal, or undefined when a claim is missing, is not plain text, or holds the text that follows it
 * in the template: then two different subjects could get one id.
 */
export function fillIdTemplate(template: IdTemplate, claims: Claims): string | undefined {
  let id = template.texts[0] ?? '';
  for (const [index, path] of template.claims.entries()) {
    const value = claimAt(claims, path);
    const next = template.texts[index + 1] ?? '';
    if (!isScalar(value) || !idPattern.test(String(value))) return undefined;
    if (index < template.claims.length - 1 && String(value).includes(next)) return undefined;
    id += String(value) + next;
  }
  return id;
}

/** Whether both could ever give the same id, judged by what they begin with. */
export function mayCollide(a: IdTemplate, b: IdTemplate): boolean {
  const [first = '', second = ''] = [a.texts[0], b.texts[0]];
  if (a.claims.length === 0 && b.claims.length === 0) return first === second;
  if (a.claims.length === 0) return first.startsWith(second);
  if (b.claims.length === 0) return second.startsWith(first);
  return first.startsWith(second) || second.startsWith(first);
}
