import { fullShare } from '../broker/admission.js';
import type { Finding } from '../cli/aws-check.js';
import { faults } from '../kernel/fault.js';
import { inWords } from '../ledger/accept-store.js';
import type { Ledger } from '../ledger/ledger.js';
import { readMark } from '../ledger/mark-file.js';
import { hasGoneBack } from '../ledger/mark.js';
import { unsafeStore } from '../ledger/redis-safety.js';
import type { RedisClient } from '../ledger/script.js';
import type { Settings } from '../settings/load.js';
import { tried, troubled } from './tried.js';

const role = 'state store';

/** More than this, and tokens that are good look expired, or not yet valid. */
const mostSkewMs = 5000;

/** Whether the store can be built on, and whether it would have anything issued now. Changes nothing in it or beside it. */
export async function examineStore(
  settings: Settings,
  redis: RedisClient,
  ledger: Ledger,
): Promise<Finding[]> {
  return [
    ...(await safetyOf(settings, redis)),
    await tried(role, 'it answers the scripts of the ledger', () => ledger.check()),
    await ledger.usedShare().then(roomOf, (error: unknown) => troubled(role, error)),
    ...(settings.rollbackGuard ? [await wholenessOf(ledger, settings.rollbackGuard.file)] : []),
    skewOf(ledger.clock() - Date.now()),
  ];
}

async function safetyOf(settings: Settings, redis: RedisClient): Promise<Finding[]> {
  const unsafe = await unsafeStore(redis);
  if (unsafe.length === 0) return [{ role, is: 'ok', what: 'it keeps what it is given, and is new enough' }];
  return unsafe.map(({ name, problem }): Finding => {
    const allowed = settings.allowUnsafe.some((one) => one === name);
    const remedy = allowed
      ? 'It is allowed by name in "allowUnsafe".'
      : 'Set the server as the sentence says.';
    return { role, is: allowed ? 'cannot tell' : 'problem', what: problem, remedy };
  });
}

/** Percent are cut, not rounded: what is told as 80 is full. */
export function roomOf(usedShare: number): Finding {
  if (usedShare === 0) {
    const remedy = 'Set "maxmemory", and watch it: the audit log is not trimmed.';
    return { role, is: 'cannot tell', what: 'it has no "maxmemory": how full it is cannot be told', remedy };
  }
  const what = `${Math.floor(usedShare * 100)} % of its memory is used`;
  if (usedShare < fullShare) return { role, is: 'ok', what };
  return { role, is: 'problem', what: `${what}: nothing is issued`, remedy: 'Give it more "maxmemory".' };
}

/** The mark that a broker has kept, beside the store. Whether the store is accepted is for `protem ledger accept`. */
async function wholenessOf(ledger: Ledger, file: string): Promise<Finding> {
  try {
    const held = await readMark(file);
    if (!held) {
      const remedy =
        'A broker writes it when it starts. If one has run here before, see why it is not there.';
      return { role, is: 'cannot tell', what: `${file} holds no mark of it yet`, remedy };
    }
    const stand = await ledger.mark(held);
    if (!hasGoneBack(held, stand)) return { role, is: 'ok', what: `it holds what the mark in ${file} names` };
    const what = `it has gone back: the mark in ${file} is of ${inWords(held)}; the store has ${inWords(stand.now)}`;
    return { role, is: 'problem', what, remedy: faults['state.rolled_back'].remedy };
  } catch (error) {
    return troubled(role, error);
  }
}

function skewOf(skewMs: number): Finding {
  const what = `the clock here and that of the state store differ by ${Math.round(Math.abs(skewMs))} ms`;
  if (Math.abs(skewMs) <= mostSkewMs) return { role: 'clock', is: 'ok', what };
  return { role: 'clock', is: 'problem', what, remedy: 'Let a time service (NTP) set both clocks.' };
}
