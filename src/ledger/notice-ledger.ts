import type { Notice } from '../notification/notice.js';

/** What people outside are still to be told; the steps that change things put it here. */
export interface NoticeLedger {
  /** The oldest, without taking them away. */
  waiting(limit: number): Promise<readonly Notice[]>;
  /** It is queued for everybody who is to be told. */
  done(notice: Notice): Promise<void>;
  /** A target wants no more, for as long as it is at this address. */
  disable(target: string): Promise<void>;
  isDisabled(target: string): Promise<boolean>;
}
