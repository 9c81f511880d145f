import type { ParameterValues } from '../policy/catalog.js';

/** What an operator took in an emergency, by itself: recorded before it was had, and looked at afterwards by another. */
export interface BreakGlass {
  readonly id: string;
  /** The task that was opened for it; its one lease is the credential. */
  readonly task: string;
  /** Principal id of the operator. */
  readonly by: string;
  /** The address that its token proved, where the rule keeps `email`. */
  readonly email?: string;
  readonly entry: string;
  readonly parameters: ParameterValues;
  readonly ttlSeconds: number;
  readonly reason: string;
  readonly ticket: string;
  readonly approval?: string;
  readonly openedAt: number;
  /** It is over then, whatever runs or does not. */
  readonly endsAt: number;
  readonly review?: Review;
}

export interface Review {
  readonly by: string;
  readonly at: number;
  readonly outcome: 'justified' | 'not_justified';
  readonly note: string;
}

export type NewBreakGlass = Omit<BreakGlass, 'openedAt' | 'endsAt' | 'review'>;

/** By time alone: no worker has to have run for it to be over. */
export const isOpen = ({ endsAt }: BreakGlass, now: number): boolean => endsAt > now;
