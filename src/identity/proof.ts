import type { KeySet } from './key-set.js';
import type { KeySource } from './key-source.js';
import type { Principal } from './principal.js';

/** A verified token: who it names, and by which keys; it holds while these are the current keys of their source. */
export interface Proof {
  readonly principal: Principal;
  readonly keySet: KeySet;
  readonly source: KeySource;
}
