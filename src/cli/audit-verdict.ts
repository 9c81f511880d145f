import type { Range } from '../audit/places.js';
import type { Verdict } from '../audit/verify-log.js';

/** What was found, for a person to read. `isHeld`: whether anything was known of the log from outside. */
export function* described(verdict: Verdict, isHeld: boolean): Generator<string> {
  const { flaw, chain, first, last, hash, records, hidden, absent, checkpoints, covered } = verdict;
  if (chain !== undefined) yield `chain ${chain}, records ${first} to ${last}: ${records} read`;
  if (hidden > 0)
    yield `${hidden} of them are not shown, and their digests stand for them: ${listed(verdict.hiddenRanges)}`;
  if (absent > 0)
    yield `${absent} are not there at all, and nothing is proven of them: ${listed(verdict.absentRanges)}`;
  for (const each of verdict.others ?? [])
    yield `of chain ${each.chain} (${each.installation}) nothing is here: ${each.checkpoints} checkpoints, up to record ${each.last}`;
  if (covered !== undefined)
    yield `signed checkpoints or the head that was given: ${checkpoints} agree, up to record ${covered}`;
  if (flaw) yield `NOT SO at line ${flaw.line}: ${flaw.what} (${flaw.kind})`;
  else if (last === undefined) yield 'there is no record: nothing was verified';
  else {
    yield [stateOf(verdict, isHeld), isHeld ? restOf(verdict) : unheld].filter(Boolean).join('; ');
    yield `head ${last}:${hash}`;
  }
}

const unheld = 'without checkpoints or a head, an end that was cut off or a log written anew is not noticed';

/** Whole is said only of what is all there, and signed to its end. */
function stateOf(verdict: Verdict, isHeld: boolean): string {
  const { hidden, absent, records, proven, covered, last } = verdict;
  if (hidden + absent === 0 && verdict.reached === undefined)
    return isHeld && covered === last ? 'the log is whole' : 'the chain is whole';
  const lacking = [absent > 0 && `${absent} not here`, hidden > 0 && `${hidden} not shown`].filter(Boolean);
  const here =
    absent === 0 || proven === records
      ? 'what is here is as it was chained'
      : `what is here agrees with its own hashes, and ${proven} of ${records} with what was signed`;
  return [here, lacking.join(', ')].filter(Boolean).join('; ');
}

/** What comes after the last that is signed, or after the last that is here. */
function restOf({ covered, last, reached }: Verdict): string {
  if (reached !== undefined)
    return `the log had come to record ${reached}, and nothing after ${last} is here`;
  return covered === last ? '' : `nothing signed covers what comes after record ${covered ?? 0}`;
}

const mostListed = 20;

function listed(ranges: readonly Range[] = []): string {
  const shown = ranges
    .slice(0, mostListed)
    .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
  return [...shown, ...(ranges.length > mostListed ? ['and more (--output json)'] : [])].join(', ');
}
