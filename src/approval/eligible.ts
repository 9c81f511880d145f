import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Approval } from './approval.js';

/** Who may answer, as the settings have it. */
export interface ApproverRules {
  /** Principals that hold a role here beside those of their token, by role. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  /** Ways of having signed in, of which one is demanded; none when it is empty. */
  readonly acr: readonly string[];
  readonly amr: readonly string[];
  /** Whether whoever owns the agent, or is served by the task, may answer for it. */
  readonly ownersMayApprove: boolean;
}

/** Of whom a person must be another: the requester, and who stands behind it. */
export interface Involved {
  readonly requester: string;
  /** What the requester's token proved, where it is an operator or an agent with an address. */
  readonly claims?: Principal['claims'];
  /** The owners in the inventory of the agent and of those above it, and on whose behalf the task is. */
  readonly owners: readonly string[];
}

/** The roles, of those that were asked, which the principal holds. */
export const rolesOf = (
  { id, roles }: Principal,
  asked: readonly string[],
  rules: ApproverRules,
): readonly string[] =>
  asked.filter(
    (role) =>
      (roles as readonly string[]).includes(role) ||
      (Object.hasOwn(rules.roles, role) && rules.roles[role]!.includes(id)),
  );

/**
 * APR-03: a person, with a role that policy asked for, who signed in as strongly as the settings demand, and is neither
 * the requester nor its owner, and has not answered already. Throws the Fault that says what is missing; returns the
 * roles by which it is theirs to answer.
 */
export function requireApprover(
  principal: Principal,
  approval: Pick<Approval, 'demand' | 'answers'>,
  involved: Involved,
  rules: ApproverRules,
): readonly string[] {
  if (principal.kind !== 'operator')
    throw new Fault('role.missing', `An answer is for a person; you are ${principal.kind}.`);
  const roles = rolesOf(principal, approval.demand.approvers, rules);
  if (roles.length === 0)
    throw new Fault(
      'role.missing',
      `This is for an operator with ${approval.demand.approvers.join(' or ')}.`,
    );
  requireStrongSignIn(principal, rules);
  if (isSame(principal, involved.requester) || hasAddress(principal, emailOf(involved)))
    throw new Fault('approval.own', 'Nobody answers what they asked for themselves.');
  if (!rules.ownersMayApprove && involved.owners.some((owner) => isSame(principal, owner)))
    throw new Fault(
      'approval.own',
      'You own this agent, or its task serves you; another person has to answer.',
    );
  if (approval.answers.some(({ by, email }) => isSame(principal, by) || hasAddress(principal, email)))
    throw new Fault('approval.own', 'You have answered already; another person has to answer as well.');
  return roles;
}

/** RFC 8176 (`amr`) and OpenID Connect Core section 2 (`acr`): one of those named will do. */
export function requireStrongSignIn(
  { signIn }: Principal,
  { acr, amr }: Pick<ApproverRules, 'acr' | 'amr'>,
): void {
  if (acr.length === 0 && amr.length === 0) return;
  const strong =
    (signIn?.acr !== undefined && acr.includes(signIn.acr)) ||
    (signIn?.amr ?? []).some((way) => amr.includes(way));
  if (!strong)
    throw new Fault('approval.weak_sign_in', 'Your sign-in is not strong enough for this.', {
      reason: `acr ${signIn?.acr ?? 'none'}, amr ${(signIn?.amr ?? []).join(' ') || 'none'}`,
    });
}

/**
 * Whether a name is the principal's: its id, or what a verified claim says. A task says "carol@example.com" where a
 * token's rule says "operator:carol"; keep `email` among the claims of the rule, and the two meet.
 */
export function isSame(principal: Principal, name: string): boolean {
  const wanted = asRead(name);
  return [principal.id, ...Object.values(principal.claims)].some((known) => asRead(String(known)) === wanted);
}

/** What a name is to whoever reads it: how it was typed, and what cannot be seen in it, makes nobody another person. */
const asRead = (name: string): string =>
  name
    .normalize('NFKC')
    .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cf}\s]/gu, '')
    .toLowerCase();

/** The address that a token proved, where its rule keeps the claim. */
export function emailOf({ claims }: { readonly claims?: Principal['claims'] }): string | undefined {
  const email = claims?.['email'];
  return typeof email === 'string' && email !== '' ? email : undefined;
}

/** Two identities with one address are one person. */
export const hasAddress = (principal: Principal, email: string | undefined): boolean =>
  email !== undefined && asRead(emailOf(principal) ?? '') === asRead(email);
