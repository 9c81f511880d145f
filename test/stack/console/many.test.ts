import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { atDesk, openDesk } from './desk.js';
import type { Desk } from './desk.js';

const count = 100_000;
const pageSize = 500;
/** Two hundred pages go through the devtools of the browser here, as fast as the machine does it. */
const longMs = 300_000;

/** As the API would list them, were there so many: every tenth is another agent's. */
function listed(n: number, expiresAt: string) {
  const id = String(n).padStart(14, '0');
  return {
    id: `lse_${id}`,
    task: `tsk_${id}`,
    agent: `spiffe://sandbox.protem.example/agent/${n % 10 === 0 ? 'tenth' : 'other'}`,
    credential: 'reports-db',
    provider: 'vault',
    parameters: {},
    state: 'active',
    revocation: { effect: 'revoked_at_provider', attempts: 0 },
    reservedAt: new Date().toISOString(),
    expiresAt,
    ceilingAt: expiresAt,
  };
}

atDesk('a hundred thousand leases in the console', () => {
  let desk: Desk;
  let away = false;

  beforeAll(async () => {
    desk = await openDesk();
    await desk.signIn();
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    await desk.page.route('**/v1/leases?*', (route) => {
      if (away) return route.abort();
      const from = Number(new URL(route.request().url()).searchParams.get('page_token') ?? 0);
      const items = Array.from({ length: pageSize }, (_, i) => listed(from + i, expiresAt));
      const next = from + pageSize;
      return route.fulfill({ json: { items, ...(next < count && { next_page_token: String(next) }) } });
    });
    await desk.page.getByRole('link', { name: 'Leases', exact: true }).click();
    await desk.page.getByText('100,000 leases, 0 in trouble').first().waitFor({ timeout: longMs });
  }, longMs);
  afterAll(() => desk.close());

  const rows = () => desk.page.locator('tbody tr:not([aria-hidden])');

  test('all are listed, and only those in sight are in the document', async () => {
    const { page } = desk;
    expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe(String(count + 1));
    expect(await rows().count()).toBeLessThan(60);
    await page.locator('.room').evaluate((room) => room.scrollTo(0, room.scrollHeight));
    await page.locator(`tr[aria-rowindex="${count + 1}"]`).waitFor();
    expect(await rows().count()).toBeLessThan(60);
    await page.locator('.room').evaluate((room) => room.scrollTo(0, 0));
    await page.locator('tr[aria-rowindex="2"]').waitFor();
  });

  test('one more comes in by itself, at its place, and makes no other row anew', async () => {
    const { sandbox, page } = desk;
    await page.evaluate(`globalThis.added = 0;
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) if (node.tagName === 'TR') added++;
      }).observe(document.querySelector('tbody'), { childList: true })`);
    const lease = await sandbox.lease('reporter', await sandbox.openTask('reporter'));
    await page.getByText('100,001 leases, 0 in trouble').first().waitFor();
    await rows().filter({ hasText: lease }).filter({ hasText: 'active' }).waitFor();
    // It may be seen being made before it is active, at another place.
    expect(await page.evaluate('added')).toBeLessThanOrEqual(4);
  });

  test('filtered and sorted they are without a broker that could be asked again', async () => {
    const { page } = desk;
    away = true;
    const words = page.getByRole('searchbox', { name: 'Words' });
    await words.fill('agent/tenth');
    await words.press('Enter');
    await page.getByText('10,000 leases, 0 in trouble').first().waitFor();
    await words.fill('');
    await words.press('Enter');
    await page.getByText('100,001 leases, 0 in trouble').first().waitFor();
    await page.getByRole('link', { name: 'In trouble' }).click();
    await page.getByText('No lease is in trouble').waitFor();
    await page.getByRole('link', { name: 'Live', exact: true }).click();
    await page.getByText('100,001 leases, 0 in trouble').first().waitFor();
    await page.getByRole('button', { name: 'Agent, on behalf of' }).click();
    await rows().first().getByText('agent/other').waitFor();
    await page.getByRole('button', { name: 'Agent, on behalf of' }).click();
    await rows().first().getByText('agent/tenth').waitFor();
    away = false;
  });

  test('all can be selected at once, and what that would end is counted before anything ends', async () => {
    const { page } = desk;
    await page.getByLabel('Select all that are listed').click();
    await page.getByRole('button', { name: 'Revoke 100,001 selected' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke 100,001 leases' });
    await dialog.getByText('90,000').first().waitFor();
    await page.keyboard.press('Escape');
    expect(desk.complaints).toEqual([]);
  });
});
