import type { ProviderWorld, SharedState } from '../../src/issuance/world.js';
import type { Ledger } from '../../src/ledger/ledger.js';

const nobody = () => Promise.reject(new Error('this provider shares nothing'));

/** For providers that ask for nothing of it. */
export const worldApart: ProviderWorld = {
  shared: {
    roster: nobody,
    forget: nobody,
    turn: nobody,
    note: nobody,
    leaveNote: nobody,
    groups: nobody,
  } satisfies SharedState,
  clock: () => Date.now(),
  mintTimeoutMs: 20_000,
  log: { info() {}, warn() {}, error() {} },
};

/** What compose.ts hands in, on this ledger. */
export const worldOn = (
  ledger: Ledger,
  provider = 'aws',
  over: Partial<ProviderWorld> = {},
): ProviderWorld => ({
  ...worldApart,
  shared: ledger.shared(provider),
  clock: ledger.clock,
  ...over,
});
