import type { Ledger } from './ledger.js';
import { readMark } from './mark-file.js';
import { hasGoneBack } from './mark.js';
import type { Mark } from './mark.js';
import { readStops } from './stops-file.js';
import type { Stops } from './stops.js';

/** Takes the store as it is, when it has gone back behind the mark in the file. Returns what was done, in lines. */
export async function acceptStore(
  ledger: Ledger,
  file: string,
  who: { readonly by: string; readonly reason: string },
): Promise<string[]> {
  const held = await readMark(file);
  if (!held) return [`${file} holds no mark yet: there is nothing to accept.`];
  const stand = await ledger.mark(held);
  const told = [`The mark in ${file}: ${inWords(held)}.`, `The state store: ${inWords(stand.now)}.`];
  if (!hasGoneBack(held, stand))
    return [...told, 'The store holds what the mark names: there is nothing to accept.'];
  const epoch = Math.max(held.epoch, stand.now.epoch) + 1;
  const stops = await readStops(file);
  await ledger.accept(epoch, held, stops, who);
  return [
    ...told,
    `Accepted as epoch ${epoch}. What was written in between is lost: leases that it had are known to no one but the providers.`,
    'So are open approvals, and reviews of break-glass that nobody had done.',
    ...restored(stops),
    'Every process goes on issuing within seconds.',
  ];
}

/** The first of many are named; all of them are in the audit log from when they were made. */
const mostNamed = 20;

const restored = ({ blocks, risks, endedProofs }: Stops): string[] => {
  const all = [
    ...blocks.map(([scope]) => `the block of ${scope}`),
    ...risks.map(([agent]) => `the risk of ${agent.replace('\n', ', by ')}`),
    ...endedProofs.map(([agent]) => `the ended session of ${agent}`),
  ];
  if (all.length === 0) return [];
  const named = all.slice(0, mostNamed).join('; ');
  const more = all.length > mostNamed ? ` and ${all.length - mostNamed} more` : '';
  return [`What stood against agents stands again: ${named}${more}.`];
};

/** A mark, for whoever has to compare two. */
export const inWords = ({ epoch, seq, lastId }: Mark): string =>
  lastId === ''
    ? `epoch ${epoch}, empty`
    : `epoch ${epoch}, ${seq} sealed records, the last event ${lastId} (${new Date(Number(lastId.split('-')[0])).toISOString()})`;
