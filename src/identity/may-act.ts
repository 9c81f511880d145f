import type { Claims } from './jws.js';
import { unproven, type TokenKind } from './refusal.js';

/** Whom a token names as the one that may act for its subject (RFC 8693 section 4.4): every member has to hold. */
export type MayAct = Readonly<Record<string, unknown>>;

/** A token that says this in a shape nobody can check proves nothing. */
export function mayActOf({ may_act: mayAct }: Claims, kind: TokenKind): { mayAct?: MayAct } {
  if (mayAct === undefined) return {};
  if (mayAct === null || typeof mayAct !== 'object' || Array.isArray(mayAct))
    throw unproven(`${kind}.may_act`);
  return { mayAct: mayAct as MayAct };
}

/** `issuer` is undefined where the actor has not shown whose token it has. What is not known of it does not match. */
export const mayBe = (
  { sub, iss, ...others }: MayAct,
  actor: { readonly id: string; readonly issuer: string | undefined },
): boolean =>
  sub === actor.id && (iss === undefined || iss === actor.issuer) && Object.keys(others).length === 0;
