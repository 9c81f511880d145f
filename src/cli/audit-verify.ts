import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Checkpoint } from '../audit/checkpoint.js';
import type { FlawKind } from '../audit/log-flaw.js';
import { verifyLog } from '../audit/verify-log.js';
import type { Head } from '../audit/witness.js';
import { described } from './audit-verdict.js';
import { readCheckpoints, UnsignedCheckpoint } from './checkpoint-file.js';
import { plain } from './output.js';
import { UsageError } from './terminal.js';

export interface VerifyCommand {
  /** File of the JWK set; what /v1/audit/keys gives. */
  readonly keys?: string;
  /** File of signed checkpoints: what `protem audit checkpoints` wrote, or lines of an anchor. */
  readonly checkpoints?: string;
  /** `<seq>:<hash>`. */
  readonly head?: string;
  /** The id of the chain that is meant. */
  readonly chain?: string;
  readonly partial?: boolean;
  readonly complete?: boolean;
  readonly recordsOnly?: boolean;
  readonly output?: string;
}

/** 1 and 2 are for what went wrong before anything was found; 1 as well where there is no record to be looked at. */
export const exitCodes: Readonly<Record<FlawKind | 'unsigned', number>> = {
  unreadable: 10,
  changed: 11,
  missing: 12,
  reordered: 13,
  inserted: 14,
  broken: 15,
  cut: 16,
  contradicted: 17,
  lost: 18,
  unsigned: 19,
  incomplete: 20,
};

/** `protem audit verify`: prints what was found and returns the exit code. Needs nothing but the files. */
export async function verifyAudit(
  file: string,
  options: VerifyCommand,
  print: (line: string) => void,
  stdin: Readable = process.stdin,
): Promise<number> {
  let checkpoints: Checkpoint[];
  try {
    checkpoints = await checkpointsOf(options);
  } catch (error) {
    if (!(error instanceof UnsignedCheckpoint)) throw error;
    print(`NOT SO: ${error.message}`);
    return exitCodes.unsigned;
  }
  const input = file === '-' ? stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Infinity });
  // A file that cannot be read ends the lines without a word.
  const broken = new Promise<never>((_resolve, reject) => input.once('error', reject));
  const verdict = await Promise.race([
    verifyLog(lines, {
      checkpoints,
      ...(options.chain !== undefined && { chain: options.chain }),
      partial: options.partial === true,
      complete: options.complete === true,
      recordsOnly: options.recordsOnly === true,
      ...(options.head !== undefined && { head: headOf(options.head) }),
    }),
    broken,
  ]);
  const isHeld = checkpoints.length > 0 || options.head !== undefined;
  if (options.output === 'json') print(JSON.stringify(verdict));
  else for (const line of described(verdict, isHeld)) print(plain(line));
  if (verdict.flaw) return exitCodes[verdict.flaw.kind];
  return verdict.last === undefined ? 1 : 0;
}

async function checkpointsOf({ keys, checkpoints }: VerifyCommand): Promise<Checkpoint[]> {
  if (checkpoints === undefined) return [];
  if (keys === undefined) throw new UsageError('--checkpoints proves nothing without --keys.');
  return readCheckpoints(checkpoints, keys);
}

function headOf(text: string): Head {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined) throw new UsageError('--head is written <seq>:<hash>.');
  return { seq: Number(seq), hash };
}
