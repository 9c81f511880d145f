import type { Ledger } from './ledger.js';
import { readMark } from './mark-file.js';
import { hasGoneBack } from './mark.js';
import type { Mark } from './mark.js';

/** Takes the store as it is, when it has gone back behind the mark in the file. Returns what was done, in lines. */
export async function acceptStore(ledger: Ledger, file: string): Promise<string[]> {
  const held = await readMark(file);
  if (!held) return [`${file} holds no mark yet: there is nothing to accept.`];
  const stand = await ledger.mark(held);
  const told = [`The mark in ${file}: ${inWords(held)}.`, `The state store: ${inWords(stand.now)}.`];
  if (!hasGoneBack(held, stand))
    return [...told, 'The store holds what the mark names: there is nothing to accept.'];
  const epoch = Math.max(held.epoch, stand.now.epoch) + 1;
  await ledger.accept(epoch, held);
  return [
    ...told,
    `Accepted as epoch ${epoch}. What was written in between is lost: leases that it had are known to no one but the providers.`,
    'Every process goes on issuing within seconds.',
  ];
}

/** A mark, for whoever has to compare two. */
export const inWords = ({ epoch, seq, lastId }: Mark): string =>
  lastId === ''
    ? `epoch ${epoch}, empty`
    : `epoch ${epoch}, ${seq} sealed records, the last event ${lastId} (${new Date(Number(lastId.split('-')[0])).toISOString()})`;
