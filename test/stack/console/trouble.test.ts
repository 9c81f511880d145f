import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../eventually.js';
import { accessibilityProblems } from './browser.js';
import { atDesk, openDesk } from './desk.js';
import type { Desk } from './desk.js';

/** An answer of the API that a test changes on its way, so that what takes long to happen is seen at once. */
type Changed = Record<string, unknown> & { items?: Record<string, unknown>[] };

atDesk('what an operator reads in trouble', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await openDesk();
    await desk.signIn();
  });
  afterAll(() => desk.close());

  const answering = (path: string, change: (body: Changed, url: URL) => void) =>
    desk.page.route(path, async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as Changed;
      change(body, new URL(route.request().url()));
      await route.fulfill({ response, json: body });
    });

  /** A lease that the feed has told of already: what it says then would stand above what `answering` makes of lists. */
  async function toldLease(task: string): Promise<string> {
    const { sandbox, page } = desk;
    const lease = await sandbox.lease('reporter', task);
    await desk.at(`/leases?task=${task}`);
    await page.getByLabel(`Select ${lease}`).waitFor();
    const later = await sandbox.lease('reporter', task);
    await page.getByLabel(`Select ${later}`).waitFor();
    return lease;
  }

  test('what is late at one provider is found, however much there is at another', async () => {
    const { sandbox, page } = desk;
    const lease = await toldLease(await sandbox.openTask('reporter'));
    await answering('**/v1/overview', (body) => (body['overdue'] = [{ provider: 'vault', ms: 120_000 }]));
    // As if the first pages of all were those of a provider where nothing is late.
    await answering('**/v1/leases?*', (body, { searchParams }) => {
      if (searchParams.get('provider') !== 'vault') body.items = [];
      for (const one of body.items ?? [])
        one['expiresAt'] = new Date(Date.now() - (one['id'] === lease ? 120_000 : -120_000)).toISOString();
    });
    await desk.at('/');
    await page.getByRole('heading', { name: '1 lease is in trouble' }).waitFor();
    await page.getByText(/nobody has taken it back for 2 min/).waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('a lease comes to be in trouble by the time alone, and the list says so without being told', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const lease = await toldLease(task);
    // Once, whenever the list is loaded anew: it would never be later than that.
    const expiresAt = new Date(Date.now() - 27_000).toISOString();
    await answering('**/v1/leases?*', (body) => {
      for (const one of body.items ?? []) one['expiresAt'] = expiresAt;
    });
    await desk.at(`/leases?view=trouble&task=${task}`);
    await page.getByLabel(`Select ${lease}`).waitFor();
    await page
      .locator('tr.trouble')
      .getByText(/nobody has taken it back/)
      .first()
      .waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('how late ends are is not told as less than it is', async () => {
    const { page } = desk;
    await answering('**/v1/overview', (body) => {
      const course = body['course'] as { lagP99Ms: (number | null)[] };
      course.lagP99Ms[course.lagP99Ms.length - 1] = 1960;
    });
    await desk.at('/');
    await page.getByText('99 of 100 within 2 s last').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('filters that find nothing are not taken for leases that are not there', async () => {
    const { sandbox, page } = desk;
    await sandbox.lease('reporter', await sandbox.openTask('reporter'));
    await desk.at('/leases?agent=reporter');
    await page.getByText('No lease is found by these filters').waitFor();
    expect(await page.getByText('There is no lease here').count()).toBe(0);
    await page.getByRole('link', { name: 'Clear the filters' }).click();
    await page
      .getByLabel(/^Select lse_/)
      .first()
      .waitFor();
    expect(page.url()).toBe(`${sandbox.url}/console/leases`);
  });

  test('a list that could not be loaded is not taken for an empty one', async () => {
    const { page } = desk;
    await page.route('**/v1/leases?*', (route) => route.abort());
    await desk.at('/leases');
    await page.getByText('The broker does not answer.').waitFor();
    expect(await page.getByText('There is no lease here').count()).toBe(0);
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('what was taken in an emergency is told from the rest at a glance, on every page that shows it', async () => {
    const { sandbox, page } = desk;
    const taken = await sandbox.call('oncall', 'POST', '/v1/break-glass', {
      credential: 'payments-admin',
      ttl: '5m',
      reason: 'payments are stuck',
      ticket: 'INC-99',
    });
    const { lease } = taken.body as { lease: { id: string } };
    await desk.at('/leases');
    await page.getByRole('row').filter({ hasText: lease.id }).getByText('in an emergency').waitFor();
    await desk.at(`/leases/${lease.id}`);
    await page.getByText('An operator broke the glass for it.').waitFor();
    expect(await page.title()).toBe(`Leases ${lease.id} · Protem`);
  });

  test('of what is over the latest comes first, and nothing of it can be revoked', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const ids: string[] = [];
    for (const ttl of ['5m', '15m']) ids.push(await sandbox.lease('reporter', task, { ttl }));
    for (const id of ids.toReversed()) {
      await sandbox.call('operator', 'POST', `/v1/leases/${id}/revoke`, { reason: 'no longer needed' });
      await eventually('revoked', async () => (await sandbox.stateOf(id)) === 'revoked');
    }
    await desk.at(`/leases?view=over&task=${task}`);
    await page.getByText('2 leases, 0 in trouble').first().waitFor();
    const links = page.locator('tbody td:first-child a');
    expect(await links.allTextContents()).toEqual(ids);
    expect(await page.getByRole('checkbox').count()).toBe(0);
    expect(await page.getByRole('button', { name: /^Revoke/ }).count()).toBe(0);
  });

  test('a task tells which of its leases are in trouble first, and what ending it would end', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    await sandbox.lease('reporter', task);
    const lease = await sandbox.lease('reporter', task);
    await sandbox.stick(lease);
    await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/steps`, { tool: 'unheard.of' });
    const delegated = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/subtasks`, {
      intent: 'Look up one figure',
      deadline: '10m',
      agent: 'spiffe://sandbox.protem.example/agent/helper',
      allowed: [{ credential: 'reports-db' }],
    });
    expect([delegated.status, delegated.body]).toEqual([201, expect.anything()]);
    await desk.at(`/tasks/${task}`);
    const first = page.getByRole('table', { name: 'Leases' }).getByRole('row').nth(1);
    await first.getByText('cannot be revoked: provider.timeout, 7 attempts').waitFor();
    await page
      .getByRole('button', { name: 'End this task and its sub-tasks, and revoke their leases' })
      .waitFor();
    await page.locator('.timeline > .tone-bad').getByText('A tool call was denied').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test('on a narrow screen the leases come before the filters, and each says what revoking does', async () => {
    const { sandbox, page } = desk;
    await sandbox.lease('reporter', await sandbox.openTask('reporter'));
    await page.setViewportSize({ width: 420, height: 800 });
    await desk.at('/leases');
    await page.locator('td').getByText('The provider deletes it').first().waitFor();
    expect(await page.getByLabel('Words').isVisible()).toBe(false);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByText('Filters').click();
    await page.getByLabel('Words').fill('no such word');
    await page.keyboard.press('Enter');
    await page.getByText('No lease is found by these filters').waitFor();
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('what one types stays while the page goes on loading', async () => {
    const { page } = desk;
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/v1/audit?*', async (route) => {
      await held;
      await route.continue();
    });
    await desk.at('/audit');
    const field = page.getByLabel('Lease, task or agent');
    await field.fill('tsk_00000000');
    release();
    await page.locator('.timeline > *').first().waitFor();
    expect(await field.inputValue()).toBe('tsk_00000000');
    await page.keyboard.press('Enter');
    await page.locator('select[name="since"]:has(option[value="all"]:checked)').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('what is stopped is told by name on every page, and the log begins with what has just happened', async () => {
    const { sandbox, page } = desk;
    const agent = 'spiffe://sandbox.protem.example/agent/rogue';
    await sandbox.call('operator', 'POST', '/v1/revocations', { agent, reason: 'talked into something' });
    await desk.at('/audit');
    await page.getByText(`Issuing is stopped for agent ${agent}: talked into something`).waitFor();
    expect(await page.getByLabel('Since').inputValue()).toBe('60');
    await page.getByLabel('Lease, task or agent').fill(agent);
    await page.keyboard.press('Enter');
    await page.locator('select[name="since"]:has(option[value="all"]:checked)').waitFor();
    expect(desk.complaints).toEqual([]);
  });
});
