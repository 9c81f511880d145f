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
        for (const [labels, value] of values) this.set(labels, value);
      },
    });

  gauge('protem_leases', 'Leases that are not yet over.', ['provider', 'state'], async () =>
    (await sources.leases()).map(({ provider, state, count }) => [{ provider, state }, count]),
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
    'protem_provider_breaker_open',
    '1 while the provider does not answer this process, which then asks it once at a time.',
    ['provider', 'act'],
    () =>
      Promise.resolve(
        (sources.breakers?.() ?? []).map(({ provider, act, open }) => [{ provider, act }, open ? 1 : 0]),
      ),
  );
}
