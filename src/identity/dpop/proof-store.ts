/** A proof whose own checks have passed, as the processes know it together. Never its text: that has many spellings. */
export interface SeenProof {
  readonly jti: string;
  /** Thumbprint of its key: a `jti` is unique for its key only. */
  readonly thumbprint: string;
  /** How long the same proof could pass its checks again. */
  readonly keepMs: number;
  /** The nonce in it, where nonces are asked for; '' when it has none. */
  readonly nonce?: string;
}

export interface ProofStanding {
  /** Whether its nonce is the one of now, or the one before. A proof with another is not remembered. */
  readonly nonceHolds: boolean;
  /** The nonce for the next proof; undefined where none are asked for. */
  readonly nonce: string | undefined;
  /** False when it was seen before. */
  readonly isFirst: boolean;
}

/** Remembers proofs for all processes, and hands out the nonces they share; nonces are public, and no secret. */
export interface ProofStore {
  /** One round trip. Throws Fault `state.unavailable`: what cannot be remembered is not accepted. */
  see(proof: SeenProof): Promise<ProofStanding>;
}
