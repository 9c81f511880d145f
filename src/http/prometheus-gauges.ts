import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

export interface LeaseCount {
  readonly provider: string;
  readonly state: string;
  readonly count: number;
}

/** Looked up when the page is asked for. One that fails leaves its gauge out; the rest of the page is served. */
export interface GaugeSources {
  leases(): Promise<readonly LeaseCount[]>;
  /** Seconds by which the oldest due lease of each provider is late; 0 when none is. */
  overdue(): Promise<readonly { readonly provider: string; readonly seconds: number }[]>;
  /** Records that cannot be read. */
  quarantined?(): Promise<number>;
  /** Audit events that could not be told yet. */
  untold?(): Promise<number>;
  /** What nothing is issued for; by whose leases they reach. */
  blocks?(): Promise<readonly { readonly scope: { readonly of: string } }[]>;
  /** Revocations and evaluations of many leases that have not reached all of them. */
  withdrawals?(): Promise<readonly { readonly what: string }[]>;
  /** Approvals that nobody has answered yet. */
  pendingApprovals?(): Promise<number>;
  /** How full the state store is, 0 to about 1; 0 where it has no limit. */
  usedShare?(): Promise<number>;
  /** Of this process. */
  breakers?(): readonly { readonly provider: string; readonly act: string; readonly open: boolean }[];
}

type Value = readonly [labels: Readonly<Record<string, string>>, value: number];

export function addGauges(registry: Registry, sources: GaugeSources): void {
  const gauge = (name: string, help: string, labelNames: string[], look: () => Promise<readonly Value[]>) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset();
        const values = await look().catch(() => []);
        // Else one without labels would be told as 0, which says that all is well.
        if (values.length === 0 && labelNames.length === 0) this.remove();
        for (const [labels, value] of values) this.set(labels, value);
      },
    });

  gauge('protem_leases', 'Leases that are not yet over.', ['provider', 'state'], async () =>
    (await sources.leases()).map(({ provider, state, count }) => [{ provider, state }, count]),
  );
  const summed = async (states: readonly string[]): Promise<Value[]> => {
    const byProvider = new Map<string, number>();
    for (const { provider, state, count } of await sources.leases())
      byProvider.set(provider, (byProvider.get(provider) ?? 0) + (states.includes(state) ? count : 0));
    return [...byProvider].map(([provider, count]) => [{ provider }, count]);
  };
  gauge('protem_leases_active', 'Leases that may be in use: reserved or active.', ['provider'], () =>
    summed(['reserved', 'active']),
  );
  gauge(
    'protem_leases_irrevocable',
    'Leases whose revocation keeps failing: they are stuck, and tried on.',
    ['provider'],
    () => summed(['stuck']),
  );
  gauge(
    'protem_oldest_overdue_lease_seconds',
    'By how much the oldest due lease of the provider is late; 0 when none is.',
    ['provider'],
    async () => (await sources.overdue()).map(({ provider, seconds }) => [{ provider }, seconds]),
  );
  gauge(
    'protem_quarantined_leases',
    'Leases whose record cannot be read: nobody revokes them.',
    [],
    async () => (sources.quarantined ? [[{}, await sources.quarantined()]] : []),
  );
  gauge(
    'protem_audit_untold_events',
    'Ends whose audit event could not be written yet: the log cannot be written, and nothing is issued.',
    [],
    async () => (sources.untold ? [[{}, await sources.untold()]] : []),
  );
  gauge(
    'protem_state_memory_used_ratio',
    'Memory of the state store that is used, over its maxmemory; from 0.8 on nothing is issued.',
    [],
    async () => {
      const share = (await sources.usedShare?.()) ?? 0;
      return share === 0 ? [] : [[{}, share]];
    },
  );
  gauge('protem_approvals_pending', 'Approvals that wait for an answer.', [], async () =>
    sources.pendingApprovals ? [[{}, await sources.pendingApprovals()]] : [],
  );
  gauge(
    'protem_blocks',
    'Blocks that nothing is issued against until they are lifted.',
    ['scope'],
    async () =>
      counted(((await sources.blocks?.()) ?? []).map(({ scope }) => scope.of)).map(([scope, n]) => [
        { scope },
        n,
      ]),
  );
  gauge(
    'protem_withdrawals_open',
    'Revocations (revoke) and evaluations (evaluate) of many leases that have not reached all of them.',
    ['what'],
    async () =>
      counted(((await sources.withdrawals?.()) ?? []).map(({ what }) => what)).map(([what, n]) => [
        { what },
        n,
      ]),
  );
  gauge(
    'protem_provider_breaker_open',
    '1 while the provider does not answer this process, which then asks it once at a time.',
    ['provider', 'act'],
    () =>
      Promise.resolve(
        (sources.breakers?.() ?? []).map(({ provider, act, open }) => [{ provider, act }, open ? 1 : 0]),
      ),
  );
}

function counted(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts];
}
