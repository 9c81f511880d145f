import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../eventually.js';
import { atDesk, openDesk } from './desk.js';
import type { Desk } from './desk.js';

atDesk('the console when it is interrupted', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await openDesk();
    await desk.signIn();
  });
  afterAll(() => desk.close());

  /** Leases of one task, and the order to revoke them all; `after` is called when so many were ordered. */
  async function revoke(count: number, after: number, act: () => Promise<unknown>): Promise<string> {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    for (let i = 0; i < count; i++) await sandbox.lease('reporter', task);
    await desk.at(`/leases?task=${task}`);
    await page.getByText(`${count} leases, 0 in trouble`).first().waitFor();
    await page.getByLabel('Select all that are listed').check();
    await page.getByRole('button', { name: `Revoke ${count} selected` }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('suspicious');
    let ordered = 0;
    await page.route('**/revoke', async (route) => {
      if (++ordered === after) await act();
      await route.continue();
    });
    await page
      .getByRole('dialog')
      .getByRole('button', { name: `Revoke ${count} leases` })
      .click();
    return task;
  }

  /** Who has ordered the end of each lease of the task. */
  async function orderedBy(task: string): Promise<unknown[]> {
    const { sandbox } = desk;
    const { body } = await sandbox.call('operator', 'GET', `/v1/audit?task=${task}&page_size=500`);
    const { items } = body as { items: { event: { type: string; by?: string } }[] };
    return items.filter(({ event }) => event.type === 'lease.revoking').map(({ event }) => event.by);
  }

  test('a revocation of many goes on after the page was loaded anew', async () => {
    const { page } = desk;
    let loaded: Promise<unknown> = Promise.resolve();
    const task = await revoke(20, 8, async () => {
      loaded = page.reload();
      // What is under way when a page goes is not answered.
      await loaded.catch(() => {});
    });
    await page.getByText('Revocation of 20 of 20 ordered').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await eventually('ordered', async () => (await orderedBy(task)).length === 20);
    await page.getByRole('button', { name: 'Close' }).click();
  });

  test('signed out in the middle, it waits for whoever gave the order, and is not given in the name of another', async () => {
    const { sandbox, page } = desk;
    const task = await revoke(20, 8, async () => {
      await sandbox.endSessions();
    });
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await desk.signIn('admin', 'peter');
    const progress = page.getByRole('region', { name: 'Revoking' });
    await progress.getByText('operator:olga ordered this').waitFor();
    await progress.getByRole('button', { name: 'Continue as operator:peter' }).waitFor();
    expect(await orderedBy(task)).not.toContain('operator:peter');
    await desk.signIn();
    await page.getByText('Revocation of 20 of 20 ordered').waitFor();
    await eventually('ordered', async () => (await orderedBy(task)).length === 20);
    expect(new Set(await orderedBy(task))).toEqual(new Set(['operator:olga']));
    await page.getByRole('button', { name: 'Close' }).click();
  });

  test('a feed that breaks off is told, and what was missed is there when it comes back', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const lease = await sandbox.lease('reporter', task);
    await desk.at(`/leases?task=${task}`);
    await page.getByLabel(`Select ${lease}`).waitFor();
    await page.route('**/v1/events', (route) => route.abort());
    await sandbox.away();
    await page.getByText('The broker does not answer; trying again').waitFor();
    await sandbox.back();
    await sandbox.call('operator', 'POST', `/v1/leases/${lease}/revoke`, { reason: 'meanwhile' });
    await eventually('revoked', async () => (await sandbox.stateOf(lease)) === 'revoked');
    const second = await sandbox.lease('reporter', task);
    expect(await page.getByLabel(`Select ${second}`).count()).toBe(0);
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByLabel(`Select ${second}`).waitFor({ timeout: 60_000 });
    await page.getByLabel(`Select ${lease}`).waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).first().waitFor();
  });

  test('a list is asked for when the feed has begun, so that nothing changes unseen between the two', async () => {
    const { page } = desk;
    const order: string[] = [];
    const told = (name: string) => (at: { url(): string }) =>
      new URL(at.url()).pathname === `/v1/${name}` && order.push(name);
    const [begun, asked] = [told('events'), told('leases')];
    page.on('response', begun).on('request', asked);
    await desk.at('/leases');
    await page
      .getByText(/^\d+ leases?, \d+ in trouble/)
      .first()
      .waitFor();
    page.off('response', begun).off('request', asked);
    expect(order.slice(0, 2)).toEqual(['events', 'leases']);
  });

  test('a feed that begins late makes up for what has changed since the list was loaded', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const lease = await sandbox.lease('reporter', task);
    let begin = () => {};
    const late = new Promise<void>((resolve) => (begin = resolve));
    await page.route('**/v1/events', async (route) => {
      await late;
      await route.continue();
    });
    await desk.at(`/leases?task=${task}`);
    await page.getByLabel(`Select ${lease}`).waitFor();
    await sandbox.call('operator', 'POST', `/v1/leases/${lease}/revoke`, { reason: 'meanwhile' });
    await eventually('revoked', async () => (await sandbox.stateOf(lease)) === 'revoked');
    begin();
    await page.getByLabel(`Select ${lease}`).waitFor({ state: 'detached' });
    await page.unrouteAll({ behavior: 'wait' });
  });
});
