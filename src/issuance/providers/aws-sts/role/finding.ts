/** One thing that was looked at, about one role. */
export interface Finding {
  readonly role: string;
  readonly is: 'ok' | 'problem' | 'cannot tell';
  readonly what: string;
  /** What to do about it; there unless all is well. */
  readonly remedy?: string;
}

export type Judged = Omit<Finding, 'role'>;

export const ok = (what: string): Judged => ({ is: 'ok', what });
export const problem = (what: string, remedy: string): Judged => ({ is: 'problem', what, remedy });
export const cannotTell = (what: string, remedy: string): Judged => ({ is: 'cannot tell', what, remedy });
