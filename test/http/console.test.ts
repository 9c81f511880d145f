import { describe, expect, test } from '@jest/globals';
import { openSessions } from '../../src/identity/session.js';
import { agentToken } from '../fake/pretend-broker.js';
import { consoleServing, cookieOf, goodLink, olga, signedIn, visit } from './console-serving.js';
import { expectProblem, now, serving } from './serving.js';

describe('the pages', () => {
  test('are served under a policy that lets in nothing from elsewhere and nothing inline', async () => {
    const made = await consoleServing();
    for (const path of ['/console/', '/console/leases?view=trouble', '/console/tasks/tsk_1']) {
      const answer = await visit(made, path);
      expect([answer.status, await answer.text()]).toEqual([200, '<p>page']);
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await visit(made, '/console')).headers.get('location')).toBe('/console/');
  });

  test('are where a browser is sent that asks for nothing; whoever asks for data is not', async () => {
    const made = await consoleServing();
    const browser = await visit(made, '/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([browser.status, browser.headers.get('location')]).toEqual([303, '/console/']);
    for (const accept of ['*/*', 'application/json'])
      expectProblem(await made.call('GET', '/', { token: null, headers: { accept } }), 'route.unknown');
  });

  test('have files that never change under their name, zipped for whoever takes that', async () => {
    const made = await consoleServing();
    const answer = await visit(made, '/console/assets/console-ABC.js', { 'accept-encoding': 'identity' });
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(await answer.text()).toBe('script');
    for (const name of ['console-XYZ.js', '..%2findex.html', '__proto__'])
      expect((await visit(made, `/console/assets/${name}`)).status).toBe(404);
  });

  test('are not there without a console, and neither is a session', async () => {
    const { call } = await serving();
    expectProblem(await call('GET', '/console/', { token: null }), 'route.unknown');
    const cookie = `__Host-protem=${'A'.repeat(43)}`;
    expectProblem(await call('GET', '/v1/tasks', { token: null, headers: { cookie } }), 'identity.unproven');
  });
});

describe('signing in', () => {
  test('by a link that holds gives a cookie that scripts, other hosts and other sites never get', async () => {
    const made = await consoleServing();
    const answer = await visit(made, `/console/sign-in?once=${goodLink}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/console/']);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-protem=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
    ]);
    expect(made.told).toEqual(['begun operator:olga']);
  });

  test('on loopback over http the cookie has another name, and is not Secure', async () => {
    const made = await consoleServing('http://127.0.0.1:8700');
    const answer = await visit(made, `/console/sign-in?once=${goodLink}`);
    expect(cookieOf(answer)).toMatch(/^protem-8700=/);
    expect(answer.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Strict$/);
  });

  test('by another link does not, and the page is told why', async () => {
    const made = await consoleServing();
    for (const path of ['/console/sign-in', '/console/sign-in?once=x', '/console/sign-in?once=a&once=b']) {
      const answer = await visit(made, path);
      expect(answer.headers.get('location')).toBe('/console/?problem=link');
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  test('gives a new session each time: none can be fixed beforehand', async () => {
    const made = await consoleServing();
    const cookie = `__Host-protem=${'B'.repeat(43)}`;
    const answer = await visit(made, `/console/sign-in?once=${goodLink}`, { cookie });
    expect(cookieOf(answer)).not.toBe(cookie);
  });

  test('no id and no token is in the store, only what is known of the principal', async () => {
    const made = await consoleServing();
    const { cookie, csrfToken } = await signedIn(made);
    const stored = JSON.stringify([...made.store.kept]);
    expect(stored).toContain('operator:olga');
    expect(stored).not.toContain(cookie.split('=')[1]);
    expect(stored).not.toContain(csrfToken);
  });
});

describe('a session', () => {
  test('is the same principal as with a bearer token, and a bearer token goes before it', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    await made.call('GET', '/v1/leases', { token: null, headers: { cookie } });
    expect(made.broker.calls.at(-1)).toMatchObject({
      verb: 'listLeases',
      arguments: [{ id: olga.id, roles: olga.roles, issuer: olga.issuer }, {}],
    });
    await made.call('GET', '/v1/leases', { token: agentToken, headers: { cookie } });
    expect(made.broker.calls.at(-1)).toMatchObject({ arguments: [{ kind: 'agent' }, {}] });
  });

  const body = { task: 'tsk_00000000', dryRun: true };
  const origin = 'https://protem.test';
  test.each<[string, (csrfToken: string) => Record<string, string>]>([
    ['from another site', () => ({ origin: 'https://evil.test' })],
    ['from another site, with the token', (token) => ({ origin: 'https://evil.test', 'protem-csrf': token })],
    ['from nowhere', (token) => ({ origin: 'null', 'protem-csrf': token })],
    ['from a place that is not told', (token) => ({ 'protem-csrf': token })],
    ['from a sibling host', (t) => ({ origin, 'sec-fetch-site': 'same-site', 'protem-csrf': t })],
    ['without the token', () => ({ origin })],
    ['with an empty token', () => ({ origin, 'protem-csrf': '' })],
    ['with the token of another session', () => ({ origin, 'protem-csrf': 'A'.repeat(43) })],
  ])('forged: what changes something is refused %s', async (_where, headersOf) => {
    const made = await consoleServing();
    const { cookie, csrfToken } = await signedIn(made);
    const before = made.broker.calls.length;
    const headers = { cookie, ...headersOf(csrfToken) };
    expectProblem(
      await made.call('POST', '/v1/revocations', { token: null, body, headers }),
      'session.forged',
    );
    expectProblem(await made.call('POST', '/v1/session/end', { token: null, headers }), 'session.forged');
    expect(made.broker.calls).toHaveLength(before);
  });

  test('forged: the token that another session really has is not that of this one', async () => {
    const made = await consoleServing();
    const [mine, other] = [await signedIn(made), await signedIn(made)];
    const headers = { cookie: mine.cookie, origin, 'protem-csrf': other.csrfToken };
    const own = { ...headers, 'protem-csrf': mine.csrfToken };
    const send = (given: Record<string, string>) =>
      made.call('POST', '/v1/revocations', { token: null, body, headers: given });
    expectProblem(await send(headers), 'session.forged');
    expectProblem(await send(own), 'task.unknown');
  });

  test('a GET that has an effect has none by a cookie, which is sent along with a mere link', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    const path = '/v1/aws/credentials?task=tsk_00000000&credential=reports-reader';
    const before = made.broker.calls.length;
    expectProblem(await made.call('GET', path, { token: null, headers: { cookie } }), 'identity.unproven');
    expect(made.broker.calls).toHaveLength(before);
  });

  test('forged: another site cannot even look', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    const headers = { cookie, 'sec-fetch-site': 'cross-site' };
    expectProblem(await made.call('GET', '/v1/leases', { token: null, headers }), 'session.forged');
  });

  test.each<[string, Record<string, string>]>([
    ['its origin', { origin }],
    ['its origin and site', { origin, 'sec-fetch-site': 'same-origin' }],
    ['its site alone', { 'sec-fetch-site': 'same-origin' }],
  ])('what its own page changes is taken, by %s and the token', async (_by, own) => {
    const made = await consoleServing();
    const { cookie, csrfToken } = await signedIn(made);
    const headers = { cookie, 'protem-csrf': csrfToken, ...own };
    const answer = await made.call('POST', '/v1/revocations', { token: null, body, headers });
    expectProblem(answer, 'task.unknown');
  });

  test('is over when it is not used for long enough; what timers ask for is no use of it', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    const look = (headers = {}) =>
      made.call('GET', '/v1/leases', { token: null, headers: { cookie, ...headers } });
    made.clock.set(now + 1_700_000);
    expect((await look()).status).toBe(200);
    made.clock.set(now + 3_400_000);
    expect((await look({ 'protem-unattended': '1' })).status).toBe(200);
    made.clock.set(now + 3_600_000);
    expectProblem(await look(), 'identity.unproven');
  });

  test('ends at its absolute end, however much it is used', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    const look = () => made.call('GET', '/v1/session', { token: null, headers: { cookie } });
    for (let at = now; at < now + 28_800_000; at += 1_200_000) {
      made.clock.set(at);
      expect((await look()).status).toBe(200);
    }
    made.clock.set(now + 28_800_000);
    expectProblem(await look(), 'identity.unproven');
    expect(made.store.kept.size).toBe(0);
  });

  test('ends by signing out, everywhere, and the cookie is taken back', async () => {
    const made = await consoleServing();
    const { cookie, csrfToken } = await signedIn(made);
    const headers = { cookie, origin, 'protem-csrf': csrfToken };
    const answer = await made.call('POST', '/v1/session/end', { token: null, headers });
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-protem=; .*Max-Age=0$/);
    expectProblem(await made.call('GET', '/v1/session', { token: null, headers }), 'identity.unproven');
    expect(made.told).toEqual(['begun operator:olga', 'ended operator:olga']);
  });

  test('is over everywhere when a security event has ended what it was begun by; one begun after it is not', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    const look = () => made.call('GET', '/v1/session', { token: null, headers: { cookie } });
    made.ended.set('operator:peter', now);
    expect((await look()).status).toBe(200);
    made.ended.set(olga.id, now);
    expectProblem(await look(), 'identity.unproven');
    expect(made.store.kept.size).toBe(0);

    const sessions = openSessions(made.store, made.clock, made.rules);
    made.clock.set(now + 2000);
    const since = await sessions.begin({ ...olga, proofIssuedAt: now + 1000 });
    expect(await sessions.find(since.id, false)).toEqual(since.session);
    const before = await sessions.begin({ ...olga, proofIssuedAt: now });
    expect(await sessions.find(before.id, false)).toBeUndefined();
  });

  test.each([
    ['by a token that is dated ahead', now + 5000, 4000],
    ['by a token without a date, however long ago', undefined, 86_400_000],
  ])('that was begun before the event is over: %s', async (_by, proofIssuedAt, laterMs) => {
    const made = await consoleServing();
    const rules = { ...made.rules, idleMs: 200_000_000, longestMs: 200_000_000 };
    const sessions = openSessions(made.store, made.clock, rules);
    const { id } = await sessions.begin({ ...olga, ...(proofIssuedAt !== undefined && { proofIssuedAt }) });
    made.ended.set(olga.id, now + 1000);
    made.clock.set(now + laterMs);
    expect(await sessions.find(id, false)).toBeUndefined();
  });

  test('from under other issuers or rules is over: a role that was taken away is gone', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    const id = cookie.split('=')[1]!;
    const after = openSessions(made.store, made.clock, { ...made.rules, trust: ['other issuers'] });
    expect(await after.find(id, false)).toBeUndefined();
    expectProblem(
      await made.call('GET', '/v1/session', { token: null, headers: { cookie } }),
      'identity.unproven',
    );
  });

  test('is none when the cookie is there twice, or is not one', async () => {
    const made = await consoleServing();
    const { cookie } = await signedIn(made);
    for (const wrong of [`${cookie}; ${cookie}`, '__Host-protem=', '__Host-protem=../x', `x${cookie}`]) {
      const answer = await made.call('GET', '/v1/session', { token: null, headers: { cookie: wrong } });
      expectProblem(answer, 'identity.unproven');
    }
  });
});
