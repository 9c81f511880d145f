import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessibilityProblems } from './browser.js';
import { atDesk, openDesk } from './desk.js';
import type { Desk } from './desk.js';

atDesk('what a stranger reads in the console', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await openDesk();
    await desk.signIn();
  });
  afterAll(() => desk.close());
  const at = (path: string) => desk.at(path);

  test('a lease in trouble says why it exists, and when it is over at the latest', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('deployer', {
      intent: 'Deploy the nightly build',
      onBehalfOf: 'carol@example.com',
    });
    const lease = await sandbox.lease('deployer', task);
    await sandbox.stick(lease);
    await at('/');
    const row = page
      .getByRole('listitem')
      .filter({ hasText: 'cannot be revoked: provider.timeout, 7 attempts' });
    await row.getByText('on behalf of carol@example.com').waitFor();
    expect(await row.textContent()).toContain('Deploy the nightly build');
    await at(`/leases/${lease}`);
    await page.getByText('at the latest: an operator revoked it').first().waitFor();
    await at('/leases');
    await page
      .getByRole('row')
      .getByRole('link', { name: /cannot be revoked/ })
      .click();
    await page.getByRole('heading', { name: `Lease ${lease}` }).waitFor();
  });

  test.each([1280, 800])('at %i pixels the columns of leases have the room, not the ticks', async (width) => {
    const { sandbox, page } = desk;
    await sandbox.lease('reporter', await sandbox.openTask('reporter'));
    await page.setViewportSize({ width, height: 900 });
    await at('/leases');
    await page.getByText('or when its task ends').first().waitFor();
    const widthOf = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => element.clientWidth);
    expect(await widthOf('.leases th.tick')).toBeLessThan(60);
    expect(await widthOf('.leases')).toBeLessThanOrEqual(await widthOf('.room'));
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('what is selected in one view is not all of another', async () => {
    const { sandbox, page } = desk;
    const [first, second] = [await sandbox.openTask('reporter'), await sandbox.openTask('reporter')];
    await sandbox.lease('reporter', first);
    const other = await sandbox.lease('reporter', second);
    await at(`/leases?task=${first}`);
    await page.getByLabel('Select all that are listed').check();
    await page.getByRole('button', { name: 'Revoke 1 selected' }).waitFor();
    await page.evaluate(
      `history.pushState(null, '', '/console/leases?task=${second}'); dispatchEvent(new PopStateEvent('popstate'))`,
    );
    await page.getByLabel(`Select ${other}`).waitFor();
    expect(await page.getByLabel('Select all that are listed').isChecked()).toBe(false);
  });

  test('a step is told with its tool', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter', { tools: ['sql.query'] });
    await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/steps`, { tool: 'sql.query' });
    await at(`/tasks/${task}`);
    const told = page.locator('.timeline > li').filter({ hasText: 'A tool call was permitted' });
    await told.getByText('sql.query').first().waitFor();
  });

  test('a delegated task shows who acts for whom, end to end, and which tools it inherited', async () => {
    const { sandbox, page } = desk;
    const agent = (name: string) => `spiffe://sandbox.protem.example/agent/${name}`;
    const step = (as: string, task: string, tool: string) =>
      sandbox.call(as, 'POST', `/v1/tasks/${task}/steps`, { tool });
    const task = await sandbox.openTask('orchestrator', {
      agent: agent('reporter'),
      onBehalfOf: 'dana@example.com',
    });
    await step('reporter', task, 'report.publish');
    await step('reporter', task, 'unheard.of');
    const delegated = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/subtasks`, {
      intent: 'Look up one figure',
      deadline: '10m',
      agent: agent('helper'),
      allowed: [{ credential: 'reports-db' }],
    });
    const { id: child } = delegated.body as { id: string };
    await step('helper', child, 'sql.query');
    await step('reporter', task, 's3.get');
    const lease = await sandbox.lease('helper', child, { ttl: '5m' });
    const itemsOf = (name: string) =>
      page.getByRole('list', { name }).getByRole('listitem').allTextContents();

    await at(`/tasks/${child}`);
    await page.getByRole('heading', { name: 'Tools used so far' }).waitFor();
    expect(await itemsOf('Who acts for whom')).toEqual([
      'it is done fordana@example.com',
      'opened byorchestrator:argo',
      'delegated itagent/reporterits task',
      'actsagent/helper',
    ]);
    const used = await itemsOf('Tools used so far, in order');
    expect(used.map((text) => text.replace(/ · \d+:\d\d:\d\d [AP]M/, ''))).toEqual([
      '1 · inheritedreport.publishwrite · internalagent/reporter',
      '2sql.queryread · internal',
      '3 · elsewhere in its delegations3.getread · internalagent/reporter',
    ]);
    expect(await accessibilityProblems(page)).toEqual([]);
    await at(`/leases/${lease}`);
    await page.getByRole('heading', { name: 'Why it exists' }).waitFor();
    expect((await itemsOf('Who acts for whom')).slice(2)).toEqual([
      'delegated itagent/reporter',
      'actsagent/helper',
    ]);
  });

  test('what did not happen today is told with its day, and every time has the whole of it in UTC', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const lease = await sandbox.lease('reporter', task);
    const longAgo = '2026-02-03T12:34:56.789Z';
    await page.route('**/v1/audit?*', async (route) => {
      const response = await route.fetch();
      const page = (await response.json()) as { items: { at: string; event: { type: string } }[] };
      for (const record of page.items) if (record.event.type === 'task.opened') record.at = longAgo;
      await route.fulfill({ response, json: page });
    });
    await at(`/leases/${lease}`);
    const timeOf = (text: string) =>
      page.locator('.timeline > li').filter({ hasText: text }).locator(':scope > time');
    const opened = timeOf('Task opened');
    await opened.waitFor();
    expect(await opened.textContent()).toMatch(/Feb 3, 2026, .*:34:56/);
    expect(await opened.getAttribute('datetime')).toBe(longAgo);
    expect(await opened.getAttribute('title')).toBe(longAgo);
    expect(await timeOf('Made at the provider').textContent()).toMatch(/^\d+:\d\d:\d\d [AP]M$/);
    const until = page.locator('.timeline dd time').first();
    expect(await until.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('who approves sees for whom, of what task and after which tools it is asked', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('orchestrator', {
      agent: 'spiffe://sandbox.protem.example/agent/reporter',
      labels: { team: 'payments' },
      onBehalfOf: 'dana@example.com',
      tools: ['payments.list', 'payments.change'],
    });
    await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/steps`, { tool: 'payments.list' });
    const request = { credential: 'payments-admin', ttl: '5m', tool: 'payments.list' };
    const asked = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/credentials`, request);
    expect([asked.status, asked.body]).toEqual([202, expect.anything()]);
    await at('/approvals');
    const known = page.getByRole('region', { name: 'What the broker knows' });
    await known.getByText('dana@example.com').waitFor();
    const text = await known.textContent();
    expect(text).toContain('team: payments');
    expect(text).toContain('payments.list, payments.change');
    expect(text).toMatch(/Tools used so far\s*payments\.list/);
  });

  test('a tool call that waits for a person is told as one, answered as it is, and told with its target', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    const announce = async (over: object) => {
      const { body } = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/steps`, over);
      return body as { decision: string; approval: string };
    };
    await announce({ tool: 's3.get' });
    const call = { tool: 'payments.list', target: 'June', reason: 'compare them' };
    const { approval } = await announce(call);
    await at(`/approvals/${approval}`);
    await page.getByRole('heading', { name: /reporter wants to call payments\.list/ }).waitFor();
    const known = page.getByRole('region', { name: 'What the broker knows' });
    expect(await known.textContent()).toMatch(/Wants to callpayments\.list, once/);
    expect(await known.textContent()).toMatch(/That isread, restricted data/);
    const said = page.getByRole('region', { name: /What the agent says/ });
    expect(await said.textContent()).toMatch(/June/);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Approve…' }).click();
    expect(await page.getByLabel(/For how long/).count()).toBe(0);
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('approved', { exact: true }).first().waitFor();
    expect(await announce({ ...call, approval })).toMatchObject({ decision: 'permit', approval });
    await at(`/tasks/${task}`);
    await page.getByText('A tool call waits for a person').first().waitFor();
    const told = page.locator('.timeline > li').filter({ hasText: 'A person is asked' });
    expect(await told.textContent()).toMatch(/payments\.list/);
    expect(await told.textContent()).toMatch(/June/);
  });

  test('a delegation that waits for a person is told as one, with whom it goes to and the most that it could hold', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('reporter');
    await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/steps`, { tool: 'payments.list' });
    const charts = 'spiffe://sandbox.protem.example/agent/charts';
    const part = {
      ...{ agent: charts, intent: 'Draw the payments', deadline: '30m', tools: ['s3.get', 'say.yes'] },
      allowed: [{ credential: 'reports-reader', parameters: { prefix: 'reports/2026/' } }],
    };
    const delegate = (over: object = {}) =>
      sandbox.call('reporter', 'POST', `/v1/tasks/${task}/subtasks`, { ...part, ...over });
    const { approval } = (await delegate()).body as { approval: { id: string } };
    await at(`/approvals/${approval.id}`);
    await page.getByRole('heading', { name: /reporter wants to delegate to .*agent\/charts/ }).waitFor();
    const known = page.getByRole('region', { name: 'What the broker knows' });
    await known.getByText('is in the inventory').waitFor();
    const facts = await known.textContent();
    for (const fact of [
      /Owned byfinance/,
      /It could ask forreports-reader: internal, production, risk 1, at aws, \{"prefix":"reports\/2026\/"\}/,
      /With these tools alones3\.get, what only the agent names/,
      /Until30m after it is delegated/,
      /Who would stand above.*agent\/reporter; delegation 1 from the root/,
      /Delegated to it beforenever/,
      /Tools used so farpayments\.list/,
    ])
      expect(facts).toMatch(fact);
    const said = await page.getByRole('region', { name: /What the agent says/ }).textContent();
    expect(said).toMatch(/tools for the sub-tasksay\.yes.*what the sub-task is forDraw the payments/);
    expect(facts).not.toMatch(/say\.yes|Draw the payments/);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Approve…' }).click();
    expect(await page.getByLabel(/For how long/).count()).toBe(0);
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('approved', { exact: true }).first().waitFor();
    expect((await delegate({ approval: approval.id })).status).toBe(201);
    expect((await delegate({ approval: approval.id })).status).toBe(403);
    await at(`/tasks/${task}`);
    const told = page.locator('.timeline > li');
    await told.filter({ hasText: 'A delegation was refused' }).waitFor();
    expect(await told.filter({ hasText: 'A person is asked' }).textContent()).toMatch(/Draw the payments/);

    const elsewhere = { agent: `${charts}-approved-by-security` };
    const stranger = (await delegate(elsewhere)).body as { approval: { id: string } };
    await at(`/approvals/${stranger.approval.id}`);
    await page
      .getByRole('heading', { name: /wants to delegate to an agent that the inventory does not know/ })
      .waitFor();
  });

  test('the kill switch offers the agents that are known, and doubts a name that reaches nothing', async () => {
    const { sandbox, page } = desk;
    await sandbox.lease('courier', await sandbox.openTask('courier'));
    const courier = 'spiffe://sandbox.protem.example/agent/courier';
    await at('/kill-switch');
    await page.locator(`datalist option[value="${courier}"]`).waitFor({ state: 'attached' });
    const stop = async (agent: string) => {
      await page.getByLabel('One agent').last().fill(agent);
      await page.getByRole('button', { name: 'Look at what this would end…' }).click();
    };
    await stop(courier);
    await page.getByRole('dialog').getByText('1 live lease would be revoked').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke 1 lease', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await stop(`${courier}s`);
    await page.getByRole('dialog').getByText('Nothing live is reached: see that the name is right').waitFor();
  });

  test('leases that were only looked at again are not told as revoked', async () => {
    const { sandbox, page, at } = desk;
    const agent = encodeURIComponent('spiffe://sandbox.protem.example/agent/courier');
    const signal = { level: 'low', reason: 'it asks at odd hours' };
    await sandbox.call('operator', 'POST', `/v1/agents/${agent}/signals`, signal);
    await at('/kill-switch');
    const row = page.getByRole('listitem').filter({ hasText: 'Looked at again: agent' });
    await row.filter({ hasText: 'every lease still passes' }).waitFor();
  });
});
