import { isOver } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import type { Sweep } from '../ledger/withdrawal-ledger.js';
import type { Withdrawal } from '../revocation/withdrawal.js';
import { isLive, judgeLive } from './judge-live.js';
import type { Taking } from './judge-live.js';
import type { Ports } from './ports.js';
import { providersIn, reachOf } from './reach.js';
import { takeBackApprovals } from './take-back-approvals.js';

export type CarryOutPorts = Pick<
  Ports,
  'ledger' | 'inventory' | 'policy' | 'contextDigest' | 'limits' | 'meter' | 'log'
>;
export type OpenWithdrawal = Withdrawal & { readonly begunAt: number; readonly sweep?: Sweep };

/** By then every process decides by the new policy and knows the new risk, so nothing slips in behind the last pass. */
const everybodyKnowsMs = 2500;

/**
 * Goes through all live leases again and again until a whole pass took none. Where it is stands in the ledger after
 * each few hundred, so whoever comes after a crash goes on from there. `goOn` is asked in between. Returns in how many
 * milliseconds there is more to do; undefined when it is over.
 */
export async function carryOut(
  ports: CarryOutPorts,
  withdrawal: OpenWithdrawal,
  goOn: () => Promise<boolean>,
): Promise<number | undefined> {
  const judge = await judgeOf(ports, withdrawal);
  let sweep = withdrawal.sweep ?? newPass(ports, 0);
  while (await goOn()) {
    const providers = await providersIn(ports, withdrawal.scope);
    const provider = providers.find((name) => name >= (sweep.provider ?? ''));
    if (provider === undefined) {
      const next = await afterPass(ports, withdrawal, sweep, goOn);
      if (typeof next !== 'object') return next;
      sweep = next;
      continue;
    }
    if (provider !== sweep.provider) sweep = { ...sweep, provider, cursor: '0' };
    const { leases, next } = await ports.ledger.withdrawals.live(provider, sweep.cursor);
    const found = await judge(leases, sweep.pass > 0);
    // Who decides by something else by now has no say any more.
    if (withdrawal.contextDigest !== undefined && withdrawal.contextDigest !== ports.contextDigest())
      return undefined;
    const taken = found.length === 0 ? 0 : await ports.ledger.withdrawals.take(withdrawal, found);
    sweep = {
      ...sweep,
      ...(next === '0' ? { provider: `${provider}\u0000` } : {}),
      cursor: next,
      taken: sweep.taken + taken,
    };
    await ports.ledger.withdrawals.keep(withdrawal.id, sweep);
  }
  return 0;
}

/** The next pass; or in how many milliseconds there is more to do, undefined when it is over. */
async function afterPass(
  ports: CarryOutPorts,
  withdrawal: OpenWithdrawal,
  { taken, pass, passAt }: Sweep,
  goOn: () => Promise<boolean>,
): Promise<Sweep | number | undefined> {
  const again = newPass(ports, pass + 1);
  if (taken > 0) return again;
  if (withdrawal.what === 'revoke') {
    const questions = await takeBackApprovals(ports, withdrawal, goOn);
    if (!questions.isAll) return 0;
    // One that was approved may have been used since the last pass, where nothing is blocked.
    if (questions.taken > 0) return again;
  }
  if (restMs(withdrawal, passAt) <= 0) return ended(ports, withdrawal);
  // The last pass is one that begins when everybody knows; until then there is nothing new to find.
  const waitMs = restMs(withdrawal, ports.ledger.clock());
  return waitMs > 0 ? waitMs : again;
}

const newPass = ({ ledger }: CarryOutPorts, pass: number): Sweep => ({
  cursor: '0',
  pass,
  passAt: ledger.clock(),
  taken: 0,
});

const restMs = ({ what, begunAt }: OpenWithdrawal, from: number): number =>
  what === 'evaluate' ? begunAt + everybodyKnowsMs - from : 0;

async function ended(ports: CarryOutPorts, withdrawal: OpenWithdrawal): Promise<undefined> {
  const { id, what, scope } = withdrawal;
  const total = await endWithdrawal(ports, withdrawal);
  ports.log.info({ revocation: id, what, scope, total }, 'every live lease in reach was looked at');
}

/** It takes no more leases: all are looked at, or another looks at them by now. Returns how many it took. */
export async function endWithdrawal(
  { ledger }: Pick<CarryOutPorts, 'ledger'>,
  { id }: Pick<OpenWithdrawal, 'id'>,
): Promise<number> {
  const total = (await ledger.withdrawals.find(id))?.total ?? 0;
  await ledger.withdrawals.end(id, { type: 'withdrawal.ended', withdrawal: id, total });
  return total;
}

/** Which of some leases are to go, and why. What was ending already is counted with the first pass. */
async function judgeOf(
  ports: CarryOutPorts,
  { what, scope, reason }: Withdrawal,
): Promise<(leases: readonly Lease[], isLater: boolean) => Promise<readonly Taking[]>> {
  const reach = reachOf(ports, scope);
  if (what === 'revoke')
    return async (leases, isLater) =>
      (await reach(leases))
        .filter((lease) => (isLater ? isLive(lease) : !isOver(lease.state)))
        .map(({ id }) => ({ id, reason }));
  return judgeLive(ports, reach);
}
