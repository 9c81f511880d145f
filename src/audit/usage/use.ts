/** One call that somebody made with something that a broker may have handed out, as a provider tells it. */
export interface Use {
  /** Milliseconds since the epoch, on the provider's clock. */
  readonly at: number;
  /** As policies of the provider name it: `s3:GetObject`, `read`. */
  readonly action: string;
  /** ARN or path; absent where the provider does not tell. */
  readonly resource?: string;
  /** The lease, or only its task, that the provider's own record names. */
  readonly lease?: string;
  readonly task?: string;
  /** Who the provider saw: a session, or a token by its name. */
  readonly by: string;
  /** The role or the installation that the session or token is of. */
  readonly of?: string;
  readonly refused: boolean;
}

/** What one statement of an entry grants: patterns with `*`. */
export interface Granted {
  readonly action: string;
  readonly resource: string;
}
