import type { Ports } from '../broker/ports.js';
import { prometheusMeter } from '../http/prometheus-meter.js';
import type { Ledger } from '../ledger/ledger.js';

/** Counts what happens, and asks the ledger and the breakers for what is, whenever somebody reads. */
export const openMeter = (
  version: string,
  ledger: Ledger,
  { providers, breakers }: Pick<Ports, 'providers' | 'breakers'>,
) =>
  prometheusMeter({
    version,
    gauges: {
      leases: () => ledger.leases.counts(),
      overdue: async () =>
        Promise.all(
          (await ledger.leases.providers()).map(async (provider) => ({
            provider,
            seconds: (await ledger.leases.overdueMs(provider)) / 1000,
          })),
        ),
      blocks: () => ledger.withdrawals.blocks(),
      withdrawals: () => ledger.withdrawals.open(),
      pendingApprovals: () => ledger.approvals.pending(),
      quarantined: () => ledger.leases.quarantined(),
      usedShare: () => ledger.usedShare(),
      untold: () => ledger.log.untold(),
      breakers: () =>
        [...providers.keys()].flatMap((provider) =>
          (['issuing', 'revoking'] as const).map((act) => ({
            provider,
            act,
            open: breakers[act].isOpen(provider),
          })),
        ),
    },
  });
