import { describe } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { haveBrowser, openBrowser, openPage } from './browser.js';
import { startConsoleSandbox } from './console-sandbox.js';
import type { ConsoleSandbox, Role } from './console-sandbox.js';

/** A sandbox, and a browser before which an operator sits. */
export interface Desk extends Seat {
  readonly sandbox: ConsoleSandbox;
  readonly browser: Browser;
  /** Another browser beside it, that remembers nothing of this one. */
  another(): Promise<Seat>;
  close(): Promise<void>;
}

export interface Seat {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page has complained of. */
  readonly complaints: string[];
  /** As olga or somebody else; whoever was signed in before is no more. */
  signIn(role?: Role, who?: string): Promise<void>;
  /** Goes to a page of the console by its address. */
  at(path: string): Promise<void>;
}

export const atDesk = haveBrowser ? describe : describe.skip;

export async function openDesk(viewport = { width: 1280, height: 900 }): Promise<Desk> {
  const [sandbox, browser] = await Promise.all([startConsoleSandbox(), openBrowser()]);
  const seat = async (): Promise<Seat> => {
    const context = await browser.newContext({ viewport });
    const { page, complaints } = await openPage(context);
    return {
      context,
      page,
      complaints,
      async signIn(role = 'admin', who = 'olga') {
        await page.goto(sandbox.link(role, who));
        await page.getByText(`operator:${who}`, { exact: true }).first().waitFor();
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
      },
      at: async (path) => void (await page.goto(`${sandbox.url}/console${path}`)),
    };
  };
  return {
    ...(await seat()),
    sandbox,
    browser,
    another: seat,
    async close() {
      await browser.close();
      await sandbox.close();
    },
  };
}
