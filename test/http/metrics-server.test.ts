import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createMetricsServer } from '../../src/http/metrics-server.js';
import { prometheusMeter } from '../../src/http/prometheus-meter.js';

const meter = prometheusMeter({ version: '1' });
const server = createMetricsServer(meter);
let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test('a worker shows what it has counted, and nothing else', async () => {
  meter.revoked('vault', 'expiry', 'revoked', 0.2);
  const page = await fetch(`${url}/metrics`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, meter.mediaType]);
  expect(await page.text()).toContain('protem_lease_revoke_total{provider="vault"');
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/v1/leases`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
});

test('rule 10: of the canary there is nothing on the page before it has flown, and then when and how long', async () => {
  const own = prometheusMeter({ version: '1' });
  expect(await own.page()).not.toContain('protem_canary_last_success_timestamp_seconds');
  own.canary('provider.timeout');
  expect(await own.page()).not.toContain('protem_canary_last_success_timestamp_seconds');
  const before = Math.floor(Date.now() / 1000);
  own.canary('revoked', 0.25);
  own.canary('revoked', 0.5);
  const page = await own.page();
  expect(page).toContain('protem_canary_revoke_lag_seconds 0.5');
  expect(page).toContain('protem_canary_total{outcome="revoked"} 2');
  const at = /^protem_canary_last_success_timestamp_seconds (\S+)$/m.exec(page)?.[1];
  expect(Number(at)).toBeGreaterThanOrEqual(before);
});
