import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Checkpoint } from '../audit/checkpoint.js';
import type { FlawKind } from '../audit/log-flaw.js';
import { verifyLog } from '../audit/verify-log.js';
import type { Verdict } from '../audit/verify-log.js';
import type { Head } from '../audit/witness.js';
import { readCheckpoints, UnsignedCheckpoint } from './checkpoint-file.js';
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
      ...(options.head !== undefined && { head: headOf(options.head) }),
    }),
    broken,
  ]);
  const isHeld = checkpoints.length > 0 || options.head !== undefined;
  if (options.output === 'json') print(JSON.stringify(verdict));
  else for (const line of described(verdict, isHeld)) print(line);
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

function* described(verdict: Verdict, isHeld: boolean): Generator<string> {
  const {
    flaw,
    chain,
    first,
    last,
    hash,
    records,
    hidden,
    absent,
    checkpoints,
    covered,
    others = [],
  } = verdict;
  if (chain !== undefined) yield `chain ${chain}, records ${first} to ${last}: ${records} read`;
  if (hidden > 0) yield `${hidden} of them are not shown; their digests keep the chain whole`;
  if (absent > 0)
    yield `${absent} are not there at all: what is shown is unaltered, and nothing is proven of what is not`;
  if (covered !== undefined)
    yield `signed checkpoints or the head that was given: ${checkpoints} agree, up to record ${covered}`;
  for (const each of others)
    yield `of chain ${each.chain} (${each.installation}) nothing is here: ${each.checkpoints} checkpoints, up to record ${each.last}`;
  if (flaw) yield `NOT SO at line ${flaw.line}: ${flaw.what} (${flaw.kind})`;
  else if (last === undefined) yield 'there is no record: nothing was verified';
  else if (!isHeld)
    yield 'the chain is whole; without checkpoints or a head, an end that was cut off or a log written anew is not noticed';
  else
    yield covered === last
      ? 'the log is whole'
      : `the log is whole; nothing signed covers what comes after record ${covered ?? 0}`;
  if (!flaw && last !== undefined) yield `head ${last}:${hash}`;
}
