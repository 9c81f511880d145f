import type { scopeKinds } from '../kernel/scope-kinds.js';

/** Whose leases; `name` is '' for `all`. */
export interface Scope {
  readonly of: (typeof scopeKinds)[number];
  readonly name: string;
}

/** What nothing is issued or renewed for until it is lifted; `disabled`: because the agent is. */
export interface Block {
  readonly id: string;
  readonly scope: Scope;
  readonly disabled?: true;
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

/** Many leases that are taken back (`revoke`), or looked at again with those revoked that no longer pass. */
export interface Withdrawal {
  readonly id: string;
  readonly what: 'revoke' | 'evaluate';
  readonly scope: Scope;
  readonly cause: 'kill_switch' | 'context_changed' | 'operator';
  readonly by: string;
  readonly reason: string;
  /** Of `evaluate`: only who decides by this can tell what passes; absent when whoever decides can. */
  readonly contextDigest?: string;
}

/** How far it is: leases that it took, and what they have become by now. */
export interface Progress {
  readonly begunAt: number;
  /** When every lease in its reach had begun to end. */
  readonly sweptAt?: number;
  readonly total: number;
  readonly revoked: number;
  readonly expired: number;
  readonly stuck: number;
  readonly pending: number;
}

/** As a block and as audit name it. */
export const scopeText = ({ of, name }: Scope): string => `${of}:${name}`;
