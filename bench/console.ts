import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { createBroker } from '../src/broker/create-broker.js';
import type { Ports } from '../src/broker/ports.js';
import { readAssets } from '../src/http/console/assets.js';
import { cookiesFor } from '../src/http/console/cookie.js';
import { limitsSettings } from '../src/http/limits.js';
import { prometheusMeter } from '../src/http/prometheus-meter.js';
import { createHttpServer } from '../src/http/server.js';
import { openSessions } from '../src/identity/session.js';
import { connectRedis, untilReady } from '../src/ledger/redis-connection.js';
import { redisLedger } from '../src/ledger/redis-ledger.js';
import { redisSessions } from '../src/ledger/redis-sessions.js';
import { portOrFree } from '../src/sandbox/port.js';
import { makeLeases, openTasks } from './harness/leases.js';
import { startRedis } from './harness/redis.js';
import { machine } from './harness/report.js';

/** How smoothly a browser shows ten thousand live leases, two hundred of which change every second. */
const count = Number(process.env['CONSOLE_LEASES'] ?? 10_000);
const changesPerSecond = 200;
const seconds = 10;

const server = await startRedis();
const redis = connectRedis({ url: server.url }, 'asking');
await untilReady(redis, 5000);
const ledger = redisLedger(redis);
await ledger.check();
const tasks = await openTasks(ledger, count / 4);
await makeLeases(ledger, tasks, count, () => Date.now() + 3_599_000);

const port = await portOrFree(0);
const origin = `http://127.0.0.1:${port}`;
const sessions = openSessions(redisSessions(redis, '{protem}'), ledger.clock, {
  idleMs: 3_600_000,
  longestMs: 3_600_000,
  trust: 'bench',
});
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };
const { server: api } = createHttpServer({
  // What the console asks for needs no more than these.
  broker: createBroker({ ledger, log, providers: new Map() } as unknown as Ports),
  limits: limitsSettings.parse({ requestsPerSecondPerPeer: 1_000_000 }),
  clock: ledger.clock,
  metrics: prometheusMeter({ version: 'bench' }),
  version: 'bench',
  console: {
    origin,
    sessions,
    assets: readAssets(fileURLToPath(new URL('../src/console', import.meta.url)))!,
    told: () => Promise.resolve(),
  },
});
api.listen(port, '127.0.0.1');
await once(api, 'listening');
const operator = {
  id: 'operator:bench',
  kind: 'operator',
  issuer: 'bench',
  roles: ['admin'],
  claims: {},
  proofExpiresAt: Date.now() + 3_600_000,
} as const;
const { id } = await sessions.begin(operator);

const browser = await chromium.launch({
  executablePath: process.env['PROTEM_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
await context.addCookies([{ name: cookiesFor(origin).name, value: id, url: origin }]);
const page = await context.newPage();

/** Gaps between the frames of the page while it does this, in milliseconds, sorted. */
async function gapsDuring(what: () => Promise<void>): Promise<number[]> {
  await page.evaluate(`globalThis.gaps = []; globalThis.measuring = true; (() => {
    let before = performance.now();
    const frame = (now) => { gaps.push(now - before); before = now; if (measuring) requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  })()`);
  await what();
  return (await page.evaluate<number[]>('globalThis.measuring = false, gaps')).toSorted((a, b) => a - b);
}

async function change(): Promise<void> {
  const all = [...(await ledger.leases.list({ pageSize: 500, state: 'active' })).items];
  const until = performance.now() + seconds * 1000;
  for (let next = 0; performance.now() < until;) {
    const batch = all.slice(next, (next += changesPerSecond / 10));
    await Promise.all(batch.map((lease) => ledger.leases.revoke(lease.id, 'operator', 'bench')));
    if (next >= all.length) all.push(...(await ledger.leases.list({ pageSize: 500, state: 'active' })).items);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function scroll(on: Page): Promise<void> {
  await on.mouse.move(700, 600);
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    await on.mouse.wheel(0, 400);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const openedAt = performance.now();
await page.goto(`${origin}/console/leases`);
await page
  .getByText(`${Math.min(count, 10_000).toLocaleString('en-US')} leases`)
  .first()
  .waitFor({ timeout: 60_000 });
const listedMs = performance.now() - openedAt;
const changing = await gapsDuring(change);
const scrolling = await gapsDuring(async () => void (await Promise.all([change(), scroll(page)])));

const at = (sorted: readonly number[], share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
const row = (what: string, gaps: readonly number[]) =>
  console.log(
    `| ${what} | p50 ${at(gaps, 0.5).toFixed(0)} ms, p99 ${at(gaps, 0.99).toFixed(0)} ms, longest ${at(gaps, 1).toFixed(0)} ms | none > 50 ms |`,
  );
machine('gaps between frames of Chromium without a screen');
console.log('| what | measured | target |');
console.log('|---|---|---|');
console.log(
  `| the console lists ${Math.min(count, 10_000)} of ${count} live leases | ${(listedMs / 1000).toFixed(1)} s | |`,
);
row(`frames while ${changesPerSecond} of them change a second`, changing);
row('frames while one scrolls through them as well', scrolling);
await browser.close();
process.exit(0);
