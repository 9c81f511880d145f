import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Role } from './console-sandbox.js';
import { atDesk, openDesk } from './desk.js';
import type { Desk, Seat } from './desk.js';

atDesk('the console against bad use', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await openDesk();
  });
  afterAll(() => desk.close());

  async function signedIn(role: Role = 'admin'): Promise<Seat> {
    const seat = await desk.another();
    await seat.signIn(role);
    return seat;
  }

  test('a page of another origin on the same host has the cookie sent along, and changes nothing', async () => {
    const { sandbox } = desk;
    const { context, page } = await signedIn();
    const lease = await sandbox.lease('reporter', await sandbox.openTask('reporter'));
    const target = `${sandbox.url}/v1/leases/${lease}/revoke`;
    const evil = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html');
      res.end(`<form method="post" action="${target}" enctype="text/plain"><button>win</button></form>`);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => evil.once('listening', resolve));
    const elsewhere = `http://127.0.0.1:${(evil.address() as AddressInfo).port}/`;
    await page.goto(elsewhere);
    const sent = page.waitForRequest(target);
    const answered = page.waitForResponse(target);
    await page.getByRole('button', { name: 'win' }).click();
    // The sandbox's cookie goes to every port of the host, so this is what has to hold.
    expect(await (await sent).headerValue('cookie')).toContain('protem-');
    expect((await answered).status()).toBe(403);
    await page.goto(elsewhere);
    const read = await page.evaluate(
      `fetch(${JSON.stringify(`${sandbox.url}/v1/leases`)}, { credentials: 'include' }).then(() => 'read', () => 'not read')`,
    );
    expect(read).toBe('not read');
    expect(await sandbox.stateOf(lease)).toBe('active');
    evil.close();
    await context.close();
  });

  test('a session that has ended sends to the sign-in, and back to where one was', async () => {
    const { sandbox } = desk;
    const { context, page } = await signedIn();
    await page.goto(`${sandbox.url}/console/leases?words=reports`);
    await page.getByRole('heading', { name: 'Leases' }).waitFor();
    await sandbox.endSessions();
    await page.getByRole('link', { name: 'Being revoked' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This link holds no longer.').waitFor();
    await page.goto(sandbox.link());
    await page.waitForURL('**/console/leases?words=reports&view=ending');
    await context.close();
  });

  test('a viewer is not offered what a viewer may not do, and is refused when it is tried all the same', async () => {
    const { sandbox } = desk;
    const { context, page } = await signedIn('viewer');
    const lease = await sandbox.lease('reporter', await sandbox.openTask('reporter'));
    await page.goto(`${sandbox.url}/console/leases/${lease}`);
    await page.getByRole('heading', { name: 'Why it exists' }).waitFor();
    expect(await page.getByRole('button', { name: /Revoke/ }).count()).toBe(0);
    const refused = await page.evaluate(`(async () => {
      const { csrfToken } = await (await fetch('/v1/session')).json();
      const headers = { 'Protem-CSRF': csrfToken, 'Content-Type': 'application/json' };
      const answer = await fetch('/v1/leases/${lease}/revoke', { method: 'POST', headers, body: '{}' });
      return (await answer.json()).code;
    })()`);
    expect(refused).toBe('role.missing');
    expect(await sandbox.stateOf(lease)).toBe('active');
    await context.close();
  });

  test('what agents write is text and nothing else, however long and in whichever direction', async () => {
    const { sandbox } = desk;
    const { context, page, complaints } = await signedIn();
    const markup = `<img src=x onerror="window.broken=1"><script>window.broken=1</script>{{7*7}}<a href="javascript:window.broken=1">`;
    const hebrew = 'סיכום הדוחות הרבעוניים';
    const long = 'very-long-'.repeat(100);
    const tasks = [
      await sandbox.openTask('reporter', { intent: markup, labels: { '<b>team</b>': markup } }),
      await sandbox.openTask('reporter', { intent: hebrew, onBehalfOf: 'ד״ר כהן' }),
      await sandbox.openTask('x'.repeat(1000), { intent: long, onBehalfOf: 'n'.repeat(256) }),
    ];
    const leases = [
      await sandbox.lease('reporter', tasks[0]!, { reason: markup }),
      await sandbox.lease('reporter', tasks[1]!),
      await sandbox.lease('x'.repeat(1000), tasks[2]!, { reason: 'y'.repeat(500) }),
    ];
    await page.setViewportSize({ width: 1280, height: 800 });
    const paths = [
      '/leases',
      ...leases.map((lease) => `/leases/${lease}`),
      ...tasks.map((task) => `/tasks/${task}`),
      '/audit',
    ];
    for (const path of paths) {
      await page.goto(`${sandbox.url}/console${path}`);
      await page.locator('main .room, main .timeline').first().waitFor();
      expect(await page.evaluate('window.broken')).toBeUndefined();
      expect(await page.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0);
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect([path, wide]).toEqual([path, 0]);
    }
    await page.goto(`${sandbox.url}/console/tasks/${tasks[0]}`);
    await page.getByText(markup).first().waitFor();
    await page.goto(`${sandbox.url}/console/tasks/${tasks[1]}`);
    expect(await page.locator('.intent bdi').textContent()).toBe(hebrew);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('no secret is anywhere in the page', async () => {
    const { sandbox } = desk;
    const { context, page } = await signedIn();
    const task = await sandbox.openTask('reporter');
    const answer = await sandbox.call('reporter', 'POST', `/v1/tasks/${task}/credentials`, {
      credential: 'reports-db',
    });
    const { lease, secret } = answer.body as { lease: { id: string }; secret: Record<string, string> };
    for (const path of [`/leases/${lease.id}`, `/tasks/${task}`, '/audit']) {
      await page.goto(`${sandbox.url}/console${path}`);
      await page.locator('main .timeline').first().waitFor();
      const all = await page.content();
      expect(all).toContain(task);
      expect(all).not.toContain(secret['password']);
    }
    await context.close();
  });
});
