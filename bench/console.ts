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
import { watchFrames } from './harness/frames.js';
import { startRedis } from './harness/redis.js';
import { machine } from './harness/report.js';

/** How smoothly a browser shows this many live leases, two hundred of which change every second. */
const count = Number(process.env['CONSOLE_LEASES'] ?? 10_000);
const changesPerSecond = 200;
const seconds = 10;

const server = await startRedis();
process.once('exit', server.stop);
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
  endedAt: () => undefined,
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

const watched = await watchFrames(context, page);

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

const shown = count.toLocaleString('en-US');
const listedAs = (text: string) =>
  page
    .getByTestId('summary')
    .filter({ hasText: new RegExp(`^${text} leases(?! so far, more)`) })
    .waitFor({ timeout: 120_000 });
const press = (name: string) => page.getByRole('button', { name }).click();

await page.goto(`${origin}/console/`);
await page.getByRole('heading', { name: 'Overview' }).waitFor();
const openedAt = performance.now();
const measured = [
  await watched('the console lists them', async () => {
    await page.getByRole('link', { name: 'Leases', exact: true }).click();
    await listedAs(shown);
  }),
];
const listedMs = performance.now() - openedAt;
measured.push(
  await watched(`${changesPerSecond} of them change a second`, change),
  await watched('one scrolls through them as well', async () => {
    await Promise.all([change(), scroll(page)]);
  }),
  await watched('they are sorted four times', async () => {
    for (const column of ['Agent, on behalf of', 'Task: why it exists', 'Ends', 'State']) {
      await press(column);
      await page.locator(`th[aria-sort]`).filter({ hasText: column }).waitFor();
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }),
  await watched('a word is looked for', async () => {
    const words = page.getByRole('searchbox', { name: 'Words' });
    await words.fill('no such word');
    await words.press('Enter');
    await listedAs('0');
  }),
);

machine('gaps between frames of Chromium without a screen, and what its main thread computes at a stretch');
console.log(`${shown} live leases, listed in ${(listedMs / 1000).toFixed(1)} s.\n`);
console.log('| while | frames | longest task of the page | target |');
console.log('|---|---|---|---|');
for (const { what, frames, longestTaskMs } of measured) {
  const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => at(frames, share).toFixed(0));
  console.log(
    `| ${what} | p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms | ${longestTaskMs.toFixed(0)} ms | none > 50 ms |`,
  );
}
await browser.close();
process.exit(0);

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}
