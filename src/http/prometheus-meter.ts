import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../broker/meter.js';

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
}

/** The meter of the broker and of the HTTP server, with a page in the Prometheus text format. */
export interface PrometheusMeter extends Meter {
  /** `route` is the path of the operation with `{name}` for what varies, or `none`. */
  requested(method: string, route: string, status: number, seconds: number): void;
  page(): Promise<string>;
  readonly mediaType: string;
}

const issueBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const lagBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function prometheusMeter(options: {
  readonly version: string;
  readonly gauges?: GaugeSources;
}): PrometheusMeter {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ) => new Histogram({ name, help, buckets, labelNames, registers });

  const requests = counter('protem_http_requests_total', 'HTTP requests.', 'method', 'route', 'status');
  const requestSeconds = histogram(
    'protem_http_request_duration_seconds',
    'From the head of a request to the end of its answer.',
    issueBuckets,
    'route',
  );
  const issues = counter('protem_lease_issue_total', 'Credentials asked for.', 'provider', 'outcome');
  const issueSeconds = histogram(
    'protem_lease_issue_duration_seconds',
    'From the request for a credential to its hand-over.',
    issueBuckets,
    'provider',
  );
  const renewals = counter('protem_lease_renew_total', 'Renewals asked for.', 'provider', 'outcome');
  const revokes = counter(
    'protem_lease_revoke_total',
    'Attempts to end a lease at its provider.',
    'provider',
    'trigger',
    'outcome',
  );
  const lag = histogram(
    'protem_revoke_lag_seconds',
    'From the request for the end of a lease to its end, confirmed.',
    lagBuckets,
    'provider',
  );
  const decisions = counter('protem_policy_decision_total', 'Decisions of policy.', 'effect');
  const hooks = counter('protem_webhook_total', 'Webhook deliveries.', 'source', 'outcome');
  new Gauge({ name: 'protem_build_info', help: 'Always 1.', labelNames: ['version'], registers }).set(
    { version: options.version },
    1,
  );
  if (options.gauges) addGauges(registry, options.gauges);

  return {
    requested(method, route, status, seconds) {
      requests.inc({ method: methods.has(method) ? method : 'other', route, status: String(status) });
      requestSeconds.observe({ route }, seconds);
    },
    issued(provider, outcome, seconds) {
      issues.inc({ provider, outcome });
      if (outcome === 'issued') issueSeconds.observe({ provider }, seconds);
    },
    renewed: (provider, outcome) => renewals.inc({ provider, outcome }),
    revoked(provider, cause, outcome, lagSeconds) {
      revokes.inc({ provider, trigger: cause, outcome });
      if (lagSeconds !== undefined) lag.observe({ provider }, lagSeconds);
    },
    decided: (effect) => decisions.inc({ effect }),
    hook: (source, outcome) => hooks.inc({ source, outcome }),
    page: () => registry.metrics(),
    mediaType: registry.contentType,
  };
}

function addGauges(registry: Registry, sources: GaugeSources): void {
  new Gauge({
    name: 'protem_leases',
    help: 'Leases that are not yet over.',
    labelNames: ['provider', 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      const counts = await sources.leases().catch(() => []);
      for (const { provider, state, count } of counts) this.set({ provider, state }, count);
    },
  });
  new Gauge({
    name: 'protem_oldest_overdue_lease_seconds',
    help: 'By how much the oldest due lease of the provider is late; 0 when none is.',
    labelNames: ['provider'],
    registers: [registry],
    async collect() {
      this.reset();
      const late = await sources.overdue().catch(() => []);
      for (const { provider, seconds } of late) this.set({ provider }, seconds);
    },
  });
}
