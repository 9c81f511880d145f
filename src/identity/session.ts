import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.js';
import { isEnded } from './ended-proof.js';
import type { EndedAt } from './ended-proof.js';
import { provedAt } from './principal.js';
import type { Principal } from './principal.js';

/** A person who has signed in with a browser: the facts of the principal, and never a token. */
export interface Session {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  /** The end that no use puts off. */
  readonly endsAt: number;
}

/** Where sessions are kept, each under the digest of its id: whoever reads the store has no cookie. */
export interface SessionStore {
  keep(digest: string, record: string, ttlMs: number): Promise<void>;
  /** The record, and with `ttlMs` its life from now on. */
  find(digest: string, ttlMs?: number): Promise<string | undefined>;
  forget(digest: string): Promise<void>;
}

export interface Sessions {
  /** The id is for the cookie: 256 random bits, base64url. */
  begin(principal: Principal): Promise<{ readonly id: string; readonly session: Session }>;
  /** Undefined once it is over. A request that nobody made by hand (`unattended`) does not put off its idle end. */
  find(id: string, unattended: boolean): Promise<Session | undefined>;
  end(id: string): Promise<void>;
  /** What an unsafe request has to carry beside the cookie; other pages can neither read nor guess it. */
  csrfToken(id: string): string;
}

export interface SessionRules {
  readonly idleMs: number;
  readonly longestMs: number;
  /** What gave the principals their roles. A session from under other settings is over. */
  readonly trust: unknown;
  /** A session that was begun by a token from until then is over. */
  readonly endedAt: EndedAt;
}

interface Kept extends Session {
  readonly trust: string;
}

const idPattern = /^[A-Za-z0-9_-]{43}$/;

/** Sessions of operators, with an idle end and an absolute one. Throws what the store throws. */
export function openSessions(store: SessionStore, clock: Clock, rules: SessionRules): Sessions {
  const trust = digest(JSON.stringify(rules.trust));
  return {
    async begin(principal) {
      const id = randomBytes(32).toString('base64url');
      const beganAt = clock();
      const endsAt = beganAt + rules.longestMs;
      // Not later than now, by an issuer whose clock is ahead; nor told from each moment anew, by a token without a date.
      const proofIssuedAt = Math.min(provedAt(principal, beganAt), beganAt);
      const session = { principal: { ...principal, proofExpiresAt: endsAt, proofIssuedAt }, beganAt, endsAt };
      const kept: Kept = { ...session, trust };
      await store.keep(digest(id), JSON.stringify(kept), Math.min(rules.idleMs, rules.longestMs));
      return { id, session };
    },

    async find(id, unattended) {
      if (!idPattern.test(id)) return undefined;
      const record = await store.find(digest(id), unattended ? undefined : rules.idleMs);
      if (record === undefined) return undefined;
      const { trust: under, ...session } = JSON.parse(record) as Kept;
      const now = clock();
      const isOver = now >= session.endsAt || isEnded(session.principal, rules.endedAt, now);
      if (under === trust && !isOver) return session;
      await store.forget(digest(id));
      return undefined;
    },

    end: (id) => store.forget(digest(id)),
    csrfToken: (id) => digest(`csrf ${id}`),
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
