import { faultCode } from '../kernel/fault.js';
import { fullShare } from './admission.js';
import type { Readiness } from './broker.js';
import type { Ports } from './ports.js';

type Check = Readiness['checks'][number];

/**
 * Whether this broker should be asked: its state answers and is what it was, and revocations are not falling behind. A
 * store that is nearly full is told and no more: issuing alone stops, and who took every instance away for it, since
 * all have the one store, would take the kill switch away too.
 */
export async function ready(ports: Ports): Promise<Readiness> {
  const needed: Check[] = [];
  const told: Check[] = [];
  try {
    await ports.ledger.check();
    needed.push({ name: 'state', ok: true }, ...(await revocations(ports)));
    if (ports.guard) needed.push(wholeness(ports.guard));
    told.push(await room(ports));
    const quarantined = await ports.ledger.leases.quarantined();
    if (quarantined > 0) told.push({ name: `records in quarantine: ${quarantined}`, ok: true });
  } catch {
    needed.push({ name: 'state', ok: false, detail: 'the state store does not answer' });
  }
  return { ready: needed.every((check) => check.ok), checks: [...needed, ...told] };
}

async function revocations({ ledger, limits }: Ports): Promise<Check[]> {
  const providers = await ledger.leases.providers();
  return Promise.all(
    providers.map(async (provider) => {
      const overdueMs = await ledger.leases.overdueMs(provider);
      return {
        name: `revocations of ${provider}`,
        ok: overdueMs <= limits.longestOverdueMs,
        ...(overdueMs > 0 && {
          detail: `the oldest open revocation is ${Math.round(overdueMs / 1000)} s old`,
        }),
      };
    }),
  );
}

/** What the guard does not admit, readiness does not call ready: not to know is no better than to have gone back. */
function wholeness(guard: NonNullable<Ports['guard']>): Check {
  const name = 'state is no older than it was';
  try {
    guard.admit();
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, detail: faultCode(error) };
  }
}

async function room({ ledger }: Ports): Promise<Check> {
  const usedShare = await ledger.usedShare();
  return {
    name: 'state has room',
    ok: usedShare < fullShare,
    ...(usedShare >= fullShare && { detail: `${Math.floor(usedShare * 100)} % of its memory is used` }),
  };
}
