import { expect, test } from '@jest/globals';
import { prometheusMeter } from '../../src/http/prometheus-meter.js';

test('what the broker and the worker report is on the page', async () => {
  const meter = prometheusMeter({ version: '1.2.3' });
  meter.renewed('aws', 'lease.at_ceiling');
  meter.issued('aws', 'issued', 0.03);
  meter.issued('aws', 'provider.timeout', 10);
  meter.revoked('vault', 'task_end', 'failed');
  meter.revoked('vault', 'task_end', 'revoked', 0.2);
  meter.decided('deny');
  meter.hook('orchestrator', 'ended');
  const page = await meter.page();
  for (const line of [
    'protem_lease_renew_total{provider="aws",outcome="lease.at_ceiling"} 1',
    'protem_lease_issue_total{provider="aws",outcome="issued"} 1',
    'protem_lease_issue_total{provider="aws",outcome="provider.timeout"} 1',
    'protem_lease_issue_duration_seconds_count{provider="aws"} 1',
    'protem_lease_revoke_total{provider="vault",trigger="task_end",outcome="revoked"} 1',
    'protem_lease_revoke_total{provider="vault",trigger="task_end",outcome="failed"} 1',
    'protem_revoke_lag_seconds_count{provider="vault"} 1',
    'protem_policy_decision_total{effect="deny"} 1',
    'protem_webhook_total{source="orchestrator",outcome="ended"} 1',
  ])
    expect(page).toContain(line);
});

test('gauges are looked up when the page is asked for, and forget what is gone', async () => {
  let used = 0.62;
  let counts = [{ provider: 'aws', state: 'active', count: 3 }];
  const gauges = {
    leases: async () => counts,
    overdue: async () => [{ provider: 'aws', seconds: 1.5 }],
    quarantined: async () => 2,
    untold: async () => 4,
    usedShare: async () => used,
    breakers: () => [
      { provider: 'aws', act: 'issuing', open: false },
      { provider: 'aws', act: 'revoking', open: true },
    ],
  };
  const meter = prometheusMeter({ version: '1', gauges });
  const page = await meter.page();
  expect(page).toContain('protem_leases{provider="aws",state="active"} 3');
  expect(page).toContain('protem_oldest_overdue_lease_seconds{provider="aws"} 1.5');
  expect(page).toContain('protem_quarantined_leases 2');
  expect(page).toContain('protem_audit_untold_events 4');
  expect(page).toContain('protem_provider_breaker_open{provider="aws",act="issuing"} 0');
  expect(page).toContain('protem_provider_breaker_open{provider="aws",act="revoking"} 1');
  expect(page).toContain('protem_state_memory_used_ratio 0.62');
  [counts, used] = [[], 0];
  const later = await meter.page();
  expect(later).not.toContain('state="active"');
  expect(later).not.toMatch(/^protem_state_memory_used_ratio/m);
});

test('a gauge that cannot be looked up is left out, and the rest is served', async () => {
  const down = async () => Promise.reject(new Error('redis is down'));
  const gauges = { leases: down, overdue: down, quarantined: down, untold: down, usedShare: down };
  const meter = prometheusMeter({ version: '1', gauges });
  const page = await meter.page();
  expect(page).toContain('protem_build_info{version="1"} 1');
  expect(page).not.toContain('protem_leases{');
  expect(page).not.toMatch(/^protem_(quarantined_leases|audit_untold_events|state_memory_used_ratio) /m);
});

test('two meters in one process do not meet', async () => {
  const [one, other] = [prometheusMeter({ version: '1' }), prometheusMeter({ version: '1' })];
  one.decided('permit');
  expect(await other.page()).not.toContain('effect="permit"');
});
