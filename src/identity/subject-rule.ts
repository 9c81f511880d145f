import { claimAt, isScalar, type ClaimPath, type Scalar } from './claim-path.js';
import { fillIdTemplate, type IdTemplate } from './id-template.js';
import type { Claims } from './jws.js';
import type { OperatorRole, PrincipalKind } from './principal.js';
import { unproven } from './refusal.js';

/** The claim is one of the values, or where it is a list has one of them. A `*` at a value's end is any rest. */
export interface Condition {
  readonly claim: ClaimPath;
  readonly values: readonly Scalar[];
}

/** Whom an issuer's tokens name: all conditions hold, then it is this principal. */
export interface SubjectRule {
  readonly where: readonly Condition[];
  readonly kind: PrincipalKind;
  readonly id: IdTemplate;
  readonly roles: readonly OperatorRole[];
  /** What policy and audit see, by the name they see it under. */
  readonly claims: Readonly<Record<string, ClaimPath>>;
}

/** What a token says of its bearer. */
export interface Subject {
  readonly id: string;
  readonly kind: PrincipalKind;
  readonly roles: readonly OperatorRole[];
  readonly claims: Readonly<Record<string, Scalar>>;
}

const longestClaim = 1024;
/** What the broker itself does, it does under such names: no token can prove one. */
const ownNames = 'protem:';

/** The first rule whose conditions hold decides. Throws `oidc.subject`, or `oidc.claim` when it cannot be used. */
export function subjectOf(claims: Claims, rules: readonly SubjectRule[]): Subject {
  const rule = rules.find(({ where }) => where.every((condition) => holds(condition, claims)));
  if (rule === undefined) throw unproven('oidc.subject');
  const id = fillIdTemplate(rule.id, claims);
  if (id === undefined) throw unproven('oidc.claim');
  if (id.startsWith(ownNames)) throw unproven('oidc.subject');
  return { id, kind: rule.kind, roles: rule.roles, claims: keptClaims(claims, rule.claims) };
}

export function holds({ claim, values }: Condition, claims: Claims): boolean {
  const found = claimAt(claims, claim);
  const candidates: readonly unknown[] = Array.isArray(found) ? found : [found];
  return candidates.some(
    (candidate) => isScalar(candidate) && values.some((value) => matches(String(value), String(candidate))),
  );
}

export const isWildcard = (value: Scalar): boolean => String(value).endsWith('*');

const matches = (pattern: string, text: string): boolean =>
  isWildcard(pattern) ? text.startsWith(pattern.slice(0, -1)) : text === pattern;

/** A claim that is there but cannot be shown refuses the token: policy must not miss what it may forbid. */
function keptClaims(claims: Claims, kept: SubjectRule['claims']): Record<string, Scalar> {
  const values: Record<string, Scalar> = {};
  for (const [name, path] of Object.entries(kept)) {
    const value = claimAt(claims, path);
    if (value === undefined || value === null) continue;
    if (!isScalar(value) || String(value).length > longestClaim) throw unproven('oidc.claim');
    values[name] = value;
  }
  return values;
}
