import type { AwsTime } from './time.js';

/** A document that stands at AWS. */
export interface Standing {
  /** That of the turn in which it was written. */
  readonly epoch: number;
  readonly text: string;
}

export interface Look {
  readonly time: AwsTime;
  /** Epochs of the documents that stand there, ascending. */
  readonly epochs: readonly number[];
}

/** Where the documents of one group stand: the inline policies of a role, or a permissions boundary. */
export interface Place {
  /** Characters that a document may have, with room for the one before beside it where both stand for a while. */
  capacity(): Promise<number>;
  /** Throws Fault `provider.refused` when the place is not what it should be. */
  look(): Promise<Look>;
  /** What is in force, lowest epoch first. */
  read(look: Look): Promise<readonly Standing[]>;
  /**
   * Writes it whole; nothing is read and changed. Answers the epoch that it stands under: that of an older turn where
   * there is no room beside its document. `stillOurs` is asked at the last moment where it could replace a newer one.
   */
  put(look: Look, epoch: number, text: string, stillOurs: () => Promise<boolean>): Promise<number>;
  /** Takes away what older turns have left. */
  clear(look: Look, below: number): Promise<void>;
}
