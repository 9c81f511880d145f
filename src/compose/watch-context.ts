import type { KnownRisks } from '../broker/known-risks.js';
import type { Ports } from '../broker/ports.js';
import type { Settings } from '../settings/load.js';
import { revokeOfEmptied } from '../broker/revoke-of-emptied.js';
import { watchEmptiedKeys } from '../identity/emptied-keys.js';
import { fetchKeys } from '../identity/key-fetch.js';
import { repeat } from '../worker/repeat.js';
import { withdrawals } from '../worker/withdrawals.js';

/** How long a process may go on deciding by an older risk. */
const risksEveryMs = 250;
/** The keys themselves are read as often as the settings of their issuer say. */
const keysEveryMs = 1000;

/** What every process looks at, whatever its role: the risk of agents, and leases that are to be taken back together. */
export async function watchContext(
  settings: Settings,
  ports: Ports,
  risks: KnownRisks,
  closing: (() => Promise<unknown>)[],
): Promise<void> {
  await risks.look();
  const learning = repeat(async () => {
    await risks.look();
    return risksEveryMs;
  }, ports.log);
  const emptied = watchEmptiedKeys(settings, { clock: ports.ledger.clock, fetch: fetchKeys });
  const watching = repeat(async () => {
    for (const issuer of await emptied.look()) await revokeOfEmptied(ports, issuer);
    return keysEveryMs;
  }, ports.log);
  const withdrawing = withdrawals(ports);
  closing.push(
    () => learning.close(),
    () => watching.close(),
    () => withdrawing.close(),
  );
}
