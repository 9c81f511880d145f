import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../broker/meter.js';
import { addGauges } from './prometheus-gauges.js';
import type { GaugeSources } from './prometheus-gauges.js';

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
  /** On the page from its first value on: an alert must not take "never yet" for zero. */
  const gauge = (name: string, help: string) => {
    const made = new Gauge({ name, help, registers: [] });
    return {
      set(value: number) {
        registry.registerMetric(made);
        made.set(value);
      },
    };
  };
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
  const orphans = counter(
    'protem_orphans_revoked_total',
    'What stood at a provider without a live lease, and was taken back.',
    'provider',
  );
  const denials = histogram(
    'protem_deny_written_seconds',
    'From the request for the end of a lease until a deny of it stood at its provider.',
    lagBuckets,
    'provider',
  );
  const confirmations = histogram(
    'protem_deny_confirmed_seconds',
    'From the deny of a lease until it was known to be in force.',
    lagBuckets,
    'provider',
  );
  const flights = counter('protem_canary_total', 'Flights of the canary.', 'outcome');
  const canaryLag = gauge(
    'protem_canary_revoke_lag_seconds',
    'Of the latest canary that was revoked: from the end of its task to its confirmed revocation.',
  );
  const canaryAt = gauge(
    'protem_canary_last_success_timestamp_seconds',
    'When a canary was last revoked, of those that this process flew.',
  );
  const decisions = counter('protem_policy_decision_total', 'Decisions of policy.', 'effect');
  const questions = counter('protem_approval_asked_total', 'Times that a person was to be asked.', 'outcome');
  const approvals = counter('protem_approval_total', 'Approvals that are over, by how.', 'outcome');
  const approvalSeconds = histogram(
    'protem_approval_decision_seconds',
    'From the question to the answer of the last person that it needed.',
    [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14_400],
    'outcome',
  );
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
    orphan: (provider) => orphans.inc({ provider }),
    denied: (provider, seconds) => denials.observe({ provider }, seconds),
    confirmed: (provider, seconds) => confirmations.observe({ provider }, seconds),
    canary(outcome, lagSeconds) {
      flights.inc({ outcome });
      if (lagSeconds === undefined) return;
      canaryLag.set(lagSeconds);
      canaryAt.set(Date.now() / 1000);
    },
    decided: (effect) => decisions.inc({ effect }),
    approvalAsked: (outcome) => questions.inc({ outcome }),
    approvalEnded(outcome, seconds, count = 1) {
      approvals.inc({ outcome }, count);
      if (seconds !== undefined) approvalSeconds.observe({ outcome }, seconds);
    },
    hook: (source, outcome) => hooks.inc({ source, outcome }),
    page: () => registry.metrics(),
    mediaType: registry.contentType,
  };
}
