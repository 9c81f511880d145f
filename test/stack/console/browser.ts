import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { canRun, findProgram } from '../program.js';

const chromiumPath = findProgram('chromium', process.env['PROTEM_CHROMIUM']);
export const haveBrowser = canRun('the console in a browser', { chromium: chromiumPath });

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(chromiumPath !== undefined && { executablePath: chromiumPath }),
    // In a container there may be no other user to be, and little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });

/** A page that remembers everything that it complained of. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser says so itself of each answer that is an error, and of a broker that has gone.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, complaints };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What WCAG 2.2 AA has against the page as it is now, as axe sees it. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // In a world of its own, where the policy of the page does not reach.
  await page.evaluate(axeSource);
  return page.evaluate(`axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ' ' + failureSummary)))`);
}
