import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { atDesk, openDesk } from './desk.js';
import type { Desk } from './desk.js';

const markup = `<img src=x onerror="window.broken=1"><script>window.broken=1</script><a href="javascript:window.broken=1">`;
// What turns or hides text is refused by the API (test/http/approvals.test.ts); text of the other direction is text.
const turned = 'סיכום הדוחות';
const long = 'x'.repeat(900);

atDesk('what persons and agents write, on the pages where somebody decides', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await openDesk();
    await desk.signIn();
  });
  afterAll(() => desk.close());

  /** Nothing runs, nothing is markup, and the page is no wider than its window, in a wide one and a narrow one. */
  async function expectText(where: string): Promise<void> {
    const { page } = desk;
    expect(await page.evaluate('window.broken')).toBeUndefined();
    const markups = 'main img, main script, dialog img, a[href^="javascript"]';
    expect([where, await page.locator(markups).count()]).toEqual([where, 0]);
    for (const width of [1280, 800]) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect([where, width, over]).toEqual([where, width, 0]);
    }
  }
  const opened = async (path: string, shown: string): Promise<void> => {
    const { page } = desk;
    await desk.at(path);
    await page.getByText(shown).first().waitFor();
    await expectText(path);
  };

  test('approvals, and the dialogs in which they are answered', async () => {
    const { sandbox, page } = desk;
    const task = await sandbox.openTask('orchestrator', {
      agent: 'spiffe://sandbox.protem.example/agent/reporter',
      intent: markup,
      labels: { [`<b>${'l'.repeat(40)}`]: turned, team: 'payments' },
      onBehalfOf: `${markup}${'n'.repeat(100)}`,
    });
    const request = {
      credential: 'payments-admin',
      ttl: '5m',
      reason: `${turned}${markup}${'y'.repeat(300)}`,
    };
    const asked = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/credentials`, request);
    expect([asked.status, asked.body]).toEqual([202, expect.anything()]);
    await opened('/approvals', markup);
    await page.getByRole('button', { name: 'Approve, or less…' }).click();
    await page.getByRole('dialog').waitFor();
    await expectText('the dialog of an approval');
  });

  test('the kill switch, with blocks of any reason and name', async () => {
    const { sandbox, page } = desk;
    const block = { agent: `spiffe://sandbox.protem.example/agent/${long}`, reason: `${markup}${turned}` };
    const made = await sandbox.call('operator', 'POST', '/v1/revocations', block);
    expect([made.status, made.body]).toEqual([202, expect.anything()]);
    await opened('/kill-switch', markup);
    await page.getByLabel('One agent').last().fill(block.agent);
    await page.getByRole('button', { name: 'Look at what this would end…' }).click();
    await page.getByText('Nothing live is reached').waitFor();
    await expectText('the dialog of the kill switch');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Lift…' }).click();
    await page.getByRole('dialog').waitFor();
    await expectText('the dialog that lifts');
  });

  test('agents with names as long as they may be', async () => {
    const { sandbox, page } = desk;
    const agent = 'a'.repeat(1000);
    await sandbox.lease(agent, await sandbox.openTask(agent, { intent: markup }));
    await opened('/agents', agent.slice(0, 400));
    await opened('/', 'No lease is in trouble');
    await desk.at('/leases');
    await page.getByLabel('Select all that are listed').check();
    await page.getByRole('button', { name: /^Revoke \d+ selected/ }).click();
    await page.getByRole('dialog').getByText(markup).waitFor();
    await expectText('the dialog of a revocation');
  });

  test('emergencies, and their review', async () => {
    const { sandbox } = desk;
    const taken = await sandbox.call('oncall', 'POST', '/v1/break-glass', {
      credential: 'payments-admin',
      ttl: '5m',
      reason: `${markup}${turned}`,
      ticket: `INC-${'9'.repeat(60)}`,
    });
    expect([taken.status, taken.body]).toEqual([201, expect.anything()]);
    await opened('/break-glass', markup);
  });

  test('and in all this the browser had nothing to complain of', () => {
    expect(desk.complaints).toEqual([]);
  });
});
