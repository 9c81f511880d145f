import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.js';
import { renewedEnd, type RenewedEnd } from './renewal.js';

/** A service token. Times are milliseconds. */
export interface Token {
  readonly id: string;
  readonly accessor: string;
  readonly parent: string | undefined;
  readonly policies: readonly string[];
  readonly displayName: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly path: string;
  /** The token role that made it. */
  readonly role?: string;
  readonly issuedAt: number;
  readonly renewable: boolean;
  readonly explicitMaxMs: number;
  /** The explicit maximum that a renewal looks at: the role's, for a token that a role made; 0 is none. */
  readonly renewalMaxMs: number;
  /** The life it was made with, and is renewed by; 0 is without end. */
  readonly lifeMs: number;
  /** Infinity when it has no end. */
  endsAt: number;
  renewedAt?: number;
  /** What unwrapping it gives, once. */
  readonly wraps?: Readonly<Record<string, unknown>>;
}

export type NewToken = Partial<
  Pick<
    Token,
    | 'parent'
    | 'displayName'
    | 'meta'
    | 'renewable'
    | 'explicitMaxMs'
    | 'renewalMaxMs'
    | 'lifeMs'
    | 'wraps'
    | 'role'
  >
> &
  Pick<Token, 'policies' | 'path'> & { readonly id?: string };

export interface Tokens {
  create(token: NewToken): Token;
  find(id: string): Token | undefined;
  byAccessor(accessor: string): Token | undefined;
  all(): readonly Token[];
  /** Undefined past its maximum. */
  renew(token: Token, incrementMs: number | undefined): RenewedEnd | undefined;
  /** Ends the token and its children. */
  revoke(token: Token): void;
  expire(): void;
}

const random = (bytes: number) => randomBytes(bytes).toString('base64url');
/** The system's max_lease_ttl, 768 h. */
const systemMaxMs = 2_764_800_000;

/** The token store. `onEnd` hears of every token that ended, however it did. */
export function openTokens(clock: Clock, onEnd: (token: Token) => void): Tokens {
  const byId = new Map<string, Token>();

  const end = (token: Token) => {
    if (!byId.delete(token.id)) return;
    onEnd(token);
    for (const child of byId.values()) if (child.parent === token.id) end(child);
  };
  const limitOf = (token: Pick<Token, 'explicitMaxMs'>) =>
    token.explicitMaxMs > 0 ? Math.min(token.explicitMaxMs, systemMaxMs) : systemMaxMs;

  return {
    create(wanted) {
      const issuedAt = clock();
      const explicitMaxMs = wanted.explicitMaxMs ?? 0;
      const lifeMs =
        wanted.lifeMs === 0 ? 0 : Math.min(wanted.lifeMs ?? systemMaxMs, limitOf({ explicitMaxMs }));
      const token: Token = {
        id: wanted.id ?? `s.${random(18)}`,
        accessor: random(18),
        parent: wanted.parent,
        policies: wanted.policies,
        displayName: wanted.displayName ?? 'token',
        meta: wanted.meta ?? null,
        path: wanted.path,
        issuedAt,
        renewable: wanted.renewable ?? false,
        explicitMaxMs,
        renewalMaxMs: wanted.renewalMaxMs ?? explicitMaxMs,
        lifeMs,
        endsAt: lifeMs === 0 ? Infinity : issuedAt + lifeMs,
        ...(wanted.role === undefined ? {} : { role: wanted.role }),
        ...(wanted.wraps ? { wraps: wanted.wraps } : {}),
      };
      byId.set(token.id, token);
      return token;
    },
    find: (id) => byId.get(id),
    byAccessor: (accessor) => [...byId.values()].find((token) => token.accessor === accessor),
    all: () => [...byId.values()],
    renew(token, incrementMs) {
      const renewed = renewedEnd(
        clock(),
        incrementMs ?? token.lifeMs,
        token.issuedAt + limitOf({ explicitMaxMs: token.renewalMaxMs }),
      );
      if (renewed) Object.assign(token, { endsAt: renewed.endsAt, renewedAt: clock() });
      return renewed;
    },
    revoke: end,
    expire() {
      const now = clock();
      for (const token of byId.values()) if (token.endsAt <= now) end(token);
    },
  };
}
