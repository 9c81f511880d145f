import type { PublicKey } from './public-keys.js';

/** Where the chain stood, and when. Signed, it can be kept where nobody who writes the log can write. */
export interface Checkpoint {
  readonly chain: string;
  /** The last record that it covers, and its hash. */
  readonly seq: number;
  readonly id: string;
  readonly hash: string;
  /** Milliseconds, on the ledger's clock. */
  readonly at: number;
  /** Which installation signed. */
  readonly installation: string;
  /** As in Mark: raised when an operator accepts a store that has gone back. */
  readonly epoch: number;
}

/** A checkpoint with its signature: compact JWS (RFC 7515). */
export interface SignedCheckpoint {
  readonly seq: number;
  readonly at: number;
  readonly jws: string;
}

export interface CheckpointSigner {
  sign(checkpoint: Checkpoint): Promise<string>;
  /** What signs now and what has signed before, for whoever verifies. */
  readonly keys: { readonly keys: readonly PublicKey[] };
}

/** What it says, unverified: for a checkpoint of our own store, or of our own file. */
export function saidBy({ jws }: Pick<SignedCheckpoint, 'jws'>): Checkpoint {
  const said = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as Checkpoint & {
    readonly at: string;
  };
  return { ...said, at: Date.parse(said.at) };
}

/**
 * A place outside the store. `last`: how far it has been told of the chain and epoch of the latest checkpoint, 0 before
 * anything: after a store was lost, places in the chain are counted anew. Telling twice does no harm.
 */
export interface Anchor {
  readonly name: string;
  last(latest: SignedCheckpoint): Promise<number>;
  tell(checkpoints: readonly SignedCheckpoint[]): Promise<void>;
}
