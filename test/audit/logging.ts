import { chainStart, recordHash } from '../../src/audit/chain.js';
import type { Checkpoint } from '../../src/audit/checkpoint.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import type { VerifyOptions } from '../../src/audit/verify-log.js';

export interface Line {
  readonly chain: string;
  readonly seq: number;
  readonly id: string;
  readonly at: string;
  readonly event: { readonly type: string; readonly [name: string]: unknown };
  readonly previous: string;
  readonly hash: string;
}

const firstAt = 1_893_456_000_000;

/** A log of `count` records as an export has them, one a second. */
export function logOf(count: number, chain = 'chn_0000000000000001', eventAt = refusal): Line[] {
  const lines: Line[] = [];
  for (let seq = 1; seq <= count; seq += 1) lines.push(next(lines, eventAt(seq), chain));
  return lines;
}

const refusal = (seq: number): Line['event'] => ({
  type: 'identity.refused',
  reason: `why ${seq}`,
  count: 1,
});

/** The record that would come after these, chained as it should be. */
export function next(lines: readonly Line[], event: Line['event'], chain = lines[0]!.chain): Line {
  const seq = (lines.at(-1)?.seq ?? 0) + 1;
  const at = firstAt + seq * 1000;
  const place = { chain, seq, id: `${at}-0`, previous: lines.at(-1)?.hash ?? chainStart };
  return { ...place, at: new Date(at).toISOString(), event, hash: recordHash({ ...place, event }) };
}

/** All of it anew from record `seq` on, chained as it should be: what only a checkpoint tells from the real one. */
export function rewritten(lines: readonly Line[], seq: number, event: Line['event']): Line[] {
  const kept = lines.slice(0, seq - 1);
  for (const line of lines.slice(seq - 1))
    kept.push(next(kept, line.seq === seq ? event : line.event, line.chain));
  return kept;
}

export async function* textOf(lines: Iterable<object>): AsyncGenerator<string> {
  for (const line of lines) yield JSON.stringify(line);
}

export const checkpointAt = (line: Line, epoch = 0): Checkpoint => ({
  chain: line.chain,
  seq: line.seq,
  id: line.id,
  hash: line.hash,
  at: Date.parse(line.at),
  installation: 'test',
  epoch,
});

export const verified = (lines: Iterable<object>, options?: VerifyOptions) =>
  verifyLog(textOf(lines), options);
