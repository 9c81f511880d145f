import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../eventually.js';
import { accessibilityProblems } from './browser.js';
import { atDesk, openDesk } from './desk.js';
import type { Desk } from './desk.js';

atDesk("an operator's day in the console", () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await openDesk({ width: 1440, height: 900 });
  });
  afterAll(() => desk.close());

  test('signs in by the link, which holds once', async () => {
    const { sandbox, page } = desk;
    const link = sandbox.link();
    await page.goto(link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByText('No lease is in trouble').waitFor();
    expect(page.url()).toBe(`${sandbox.url}/console/`);

    const stranger = await desk.another();
    await stranger.page.goto(link);
    await stranger.page.getByText('This link holds no longer.').waitFor();
    await stranger.context.close();
  });

  test('sees a lease appear by itself, and why it exists', async () => {
    const { sandbox, page } = desk;
    await page.getByRole('link', { name: 'Leases', exact: true }).click();
    await page.getByText('There is no lease here.').waitFor();
    const task = await sandbox.openTask('reporter', { onBehalfOf: 'carol@example.com' });
    const lease = await sandbox.lease('reporter', task, { reason: 'quarterly totals' });
    // It may be seen being made before that.
    const row = page.getByRole('row').filter({ hasText: lease }).filter({ hasText: 'active' });
    await row.waitFor();
    expect(await row.textContent()).toMatch(
      /active.*agent\/reporter.*carol@example\.com.*Summarise the reports.*quarterly totals.*reports-db.*in \d+ min/s,
    );
    await row.getByRole('link', { name: 'agent/reporter' }).click();
    await page.getByRole('heading', { name: `Lease ${lease}` }).waitFor();
    await page.getByText('agents-query-reports').first().waitFor();
    await page.getByText('Made at the provider and handed over').waitFor();
  });

  test('revokes it, with a preview and a reason, and sees it end', async () => {
    const { sandbox, page } = desk;
    const id = new URL(page.url()).pathname.split('/').at(-1)!;
    await page.getByRole('button', { name: 'Revoke this lease' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke 1 lease' });
    await dialog.getByText('The provider deletes it').waitFor();
    const revoke = dialog.getByRole('button', { name: 'Revoke 1 lease' });
    expect(await revoke.isDisabled()).toBe(true);
    await dialog.getByLabel('Reason').fill('no longer needed');
    await revoke.click();
    await page.getByText('Revocation of 1 of 1 ordered').waitFor();
    await page.locator('.facts .state-revoked').waitFor();
    await page.getByText('no longer needed').first().waitFor();
    expect(await sandbox.stateOf(id)).toBe('revoked');
  });

  test('ends a task with all that it holds', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const leases = [await sandbox.lease('reporter', task), await sandbox.lease('reporter', task)];
    await desk.at(`/tasks/${task}`);
    await page.getByRole('button', { name: 'End this task and revoke its 2 live leases' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('2 live leases end with it').waitFor();
    await dialog.getByLabel('Reason').fill('run was cancelled');
    await dialog.getByRole('button', { name: 'End the task' }).click();
    await page.getByText('ended, cancelled').waitFor();
    for (const lease of leases)
      await eventually('revoked', async () => (await sandbox.stateOf(lease)) === 'revoked');
  });

  test('revokes many while the broker goes away in the middle: none is forgotten', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const leases: string[] = [];
    for (let i = 0; i < 40; i++) leases.push(await sandbox.lease('reporter', task));
    await desk.at(`/leases?task=${task}`);
    await page.getByText('40 leases, 0 in trouble').first().waitFor();
    await page.getByLabel('Select all that are listed').check();
    await page.getByRole('button', { name: 'Revoke 40 selected' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('suspicious');
    // It goes away between two of them.
    let ordered = 0;
    await page.route('**/revoke', async (route) => {
      if (++ordered === 10) await sandbox.away();
      await route.continue();
    });
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke 40 leases' }).click();
    await page.getByText('It is asked again until it does.').waitFor();
    await page.getByText('The broker does not answer; trying again').waitFor();
    await sandbox.back();
    await page.getByText('Revocation of 40 of 40 ordered').waitFor();
    for (const lease of leases)
      await eventually('revoked', async () => (await sandbox.stateOf(lease)) === 'revoked');
    await page.getByText('Live', { exact: true }).first().waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('button', { name: 'Close' }).click();
  });

  test('pauses: nothing moves, the selection stays, and what has happened comes when it goes on', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const first = await sandbox.lease('reporter', task);
    await desk.at(`/leases?task=${task}`);
    await page.getByLabel(`Select ${first}`).check();
    await page.getByRole('button', { name: 'Pause' }).click();
    const second = await sandbox.lease('reporter', task);
    await page.getByText(/Paused, [1-9]\d* changes? wait/).waitFor();
    expect(await page.getByText(second).count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText(second).waitFor();
    expect(await page.getByLabel(`Select ${first}`).isChecked()).toBe(true);
  });

  test('works by keyboard: the dialog is left by Escape, to what was selected and to where one was', async () => {
    const { page } = desk;
    const box = page.getByRole('checkbox', { name: /^Select lse_/ }).last();
    await box.focus();
    await page.keyboard.press('Space');
    const button = page.getByRole('button', { name: /^Revoke 2 selected/ });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.locator('button:focus', { hasText: 'Revoke 2 selected' }).waitFor();
    await page.getByRole('button', { name: 'Clear selection' }).click();
  });

  test('gives a view a name, and finds it again', async () => {
    const { page } = desk;
    await page.getByLabel('Name for this view').fill('my task');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const address = page.url();
    await desk.at('/leases');
    await page.getByRole('link', { name: 'my task' }).click();
    expect(page.url()).toBe(address);
  });

  test('sees a lease that cannot be revoked first, and with what is wrong', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const lease = await sandbox.lease('reporter', task);
    await sandbox.stick(lease);
    await desk.at('/');
    await page.getByRole('heading', { name: '1 lease is in trouble' }).waitFor();
    await page.getByText('cannot be revoked: provider.timeout, 7 attempts').waitFor();
    await desk.at('/leases');
    await page.locator('tbody tr.trouble').first().waitFor();
    expect(await page.locator('tbody tr').first().textContent()).toContain('cannot be revoked');
  });

  test('stops one agent by the kill switch: previewed, typed, seen to work, and lifted', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('deployer');
    const lease = await sandbox.lease('deployer', task);
    const agent = `spiffe://sandbox.protem.example/agent/deployer`;
    await desk.at('/kill-switch');
    await page.getByLabel('One agent').last().fill(agent);
    await page.getByRole('button', { name: 'Look at what this would end…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1 live lease would be revoked').waitFor();
    const revoke = dialog.getByRole('button', { name: 'Revoke 1 lease' });
    await dialog.getByLabel('Reason').fill('it was talked into something');
    expect(await revoke.isDisabled()).toBe(true);
    await dialog.getByLabel('to confirm').fill(agent);
    expect(await accessibilityProblems(page)).toEqual([]);
    await revoke.click();
    await page.getByText('Issuing is stopped for agent').getByText(agent).waitFor();
    await page.getByText('1 of 1 over').waitFor();
    expect(await sandbox.stateOf(lease)).toBe('revoked');
    const refused = await sandbox.call('deployer', 'POST', `/v1/tasks/${task}/credentials`, {
      credential: 'reports-db',
    });
    expect(refused.status).toBe(403);
    expect(await accessibilityProblems(page)).toEqual([]);

    await page.getByRole('button', { name: 'Lift…' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('it was a drill');
    await page.getByRole('dialog').getByRole('button', { name: 'Lift it' }).click();
    await page.getByText('There is no block').waitFor();
    await sandbox.lease('deployer', task);
  });

  test('disables an agent, which loses what it has, and enables it again', async () => {
    const { sandbox, page } = desk;
    const lease = await sandbox.lease('courier', await sandbox.openTask('courier'));
    await desk.at('/agents');
    const row = page.getByRole('row').filter({ hasText: 'agent/courier' });
    await row.getByRole('button', { name: 'Disable…' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('its owner left');
    await page.getByRole('dialog').getByRole('button', { name: 'Disable, and revoke what it has' }).click();
    await row.getByText('disabled').waitFor();
    await eventually('revoked', async () => (await sandbox.stateOf(lease)) === 'revoked');
    expect(await accessibilityProblems(page)).toEqual([]);
    await row.getByRole('button', { name: 'Enable…' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('it has another');
    await page.getByRole('dialog').getByRole('button', { name: 'Enable' }).click();
    await row.getByText('enabled').waitFor();
  });

  test('approves less than was asked, with what is known apart from what the agent says', async () => {
    const { sandbox, page } = desk;
    const agent = 'spiffe://sandbox.protem.example/agent/reporter';
    const task = await sandbox.openTask('orchestrator', {
      agent,
      labels: { team: 'payments' },
      onBehalfOf: 'dana@example.com',
    });
    const path = `/v1/tasks/${task}/credentials`;
    const request = { credential: 'payments-admin', ttl: '5m', reason: 'the boss said so' };
    const asked = await sandbox.call('reporter', 'POST', path, request);
    expect([asked.status, asked.body]).toEqual([202, expect.anything()]);
    await desk.at('/approvals');
    const known = page.getByRole('region', { name: 'What the broker knows' });
    await known.getByText('risky-needs-a-person').waitFor();
    expect(await known.textContent()).not.toContain('the boss said so');
    await page.getByRole('region', { name: 'What the agent says' }).getByText('the boss said so').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Approve, or less…' }).click();
    await page.getByRole('dialog').getByLabel('For how long').fill('2m');
    await page.getByRole('dialog').getByLabel('Reason').fill('refund 4711');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('You have approved it. Somebody else has to as well.').waitFor();
    const approval = (asked.body as { approval: { id: string } }).approval.id;
    await sandbox.call('operator', 'POST', `/v1/approvals/${approval}/decision`, { decision: 'approve' });
    await page.getByText('Nothing waits for a person.').waitFor();
    const granted = await sandbox.call('reporter', 'POST', path, { ...request, approval });
    expect([granted.status, granted.body]).toEqual([201, expect.anything()]);
    const { reservedAt, expiresAt } = (granted.body as { lease: Record<'reservedAt' | 'expiresAt', string> })
      .lease;
    expect(Date.parse(expiresAt) - Date.parse(reservedAt)).toBeLessThanOrEqual(120_000);
    await desk.at(`/approvals/${approval}`);
    await page.getByText('refund 4711').waitFor();
  });

  test('has nothing to review as long as nobody has broken the glass', async () => {
    const { page } = desk;
    await desk.at('/break-glass');
    await page.getByText('Nothing was taken in an emergency.').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test('sees the steps of a task, and the tasks delegated from it', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/steps`, { tool: 'sql.query' });
    const delegated = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/subtasks`, {
      intent: 'Look up one figure',
      deadline: '10m',
      agent: 'spiffe://sandbox.protem.example/agent/helper',
      allowed: [{ credential: 'reports-db' }],
    });
    expect([delegated.status, delegated.body]).toEqual([201, expect.anything()]);
    await desk.at(`/tasks/${task}`);
    await page.getByRole('table', { name: 'Tool calls of this task' }).getByText('sql.query').waitFor();
    await page.locator('.tree').getByText('Look up one figure').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test('verifies the audit log in the browser, and sees when a record was changed', async () => {
    const { page } = desk;
    await desk.at('/audit');
    await page.getByText('Policy is in force').first().waitFor();
    await page.getByRole('button', { name: /^Verify these/ }).click();
    await page
      .getByText(/Each of the \d+ records is as it was written, and none between them is missing/)
      .waitFor();
    await page.route('**/v1/audit?*', async (route) => {
      const response = await route.fetch();
      const text = (await response.text()).replace('Summarise the reports', 'Summarise nothing');
      await route.fulfill({ response, body: text });
    });
    await page.reload();
    await page.getByText('Policy is in force').first().waitFor();
    await page.getByRole('button', { name: /^Verify these/ }).click();
    await page.getByText(/Record \d+ is not what was written/).waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test.each(['light', 'dark'] as const)(
    'has nothing that WCAG 2.2 AA forbids, in %s',
    async (colorScheme) => {
      const { sandbox, page } = desk;
      await page.emulateMedia({ colorScheme });
      const task = await sandbox.openTask('reporter');
      const lease = await sandbox.lease('reporter', task);
      for (const path of ['/', '/leases', `/leases/${lease}`, `/tasks/${task}`, '/audit']) {
        await desk.at(path);
        await page.locator('main .card, main .room, main .timeline').first().waitFor();
        expect([path, await accessibilityProblems(page)]).toEqual([path, []]);
      }
      await desk.at(`/leases/${lease}`);
      await page.getByRole('button', { name: 'Revoke this lease' }).click();
      expect(await accessibilityProblems(page)).toEqual([]);
    },
  );

  test('signs out, and is out', async () => {
    const { sandbox, page } = desk;
    await desk.at('/leases');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect((await desk.context.request.get(`${sandbox.url}/v1/leases`)).status()).toBe(401);
  });

  test('and in all this the browser had nothing to complain of', () => {
    expect(desk.complaints).toEqual([]);
  });
});
