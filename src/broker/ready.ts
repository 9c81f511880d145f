import type { Readiness } from './broker.js';
import type { Ports } from './ports.js';

/** Whether this broker should be asked: its state answers, and revocations are not falling behind. */
export async function ready(ports: Ports): Promise<Readiness> {
  const checks: { name: string; ok: boolean; detail?: string }[] = [];
  try {
    await ports.ledger.check();
    checks.push({ name: 'state', ok: true });
    for (const provider of await ports.ledger.leases.providers()) {
      const overdueMs = await ports.ledger.leases.overdueMs(provider);
      checks.push({
        name: `revocations of ${provider}`,
        ok: overdueMs <= ports.limits.longestOverdueMs,
        ...(overdueMs > 0 && {
          detail: `the oldest open revocation is ${Math.round(overdueMs / 1000)} s old`,
        }),
      });
    }
    if (ports.guard)
      checks.push({
        name: 'state is no older than it was',
        ok: !ports.guard.hasGoneBack(),
      });
    const quarantined = await ports.ledger.leases.quarantined();
    if (quarantined > 0) checks.push({ name: `records in quarantine: ${quarantined}`, ok: true });
  } catch {
    checks.push({ name: 'state', ok: false, detail: 'the state store does not answer' });
  }
  return { ready: checks.every((check) => check.ok), checks };
}
