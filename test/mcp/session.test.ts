import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { openPrivateFolder } from '../../src/mcp/private-folder.js';
import { secretFile } from '../../src/mcp/secret-file.js';
import { openSession } from '../../src/mcp/session.js';
import type { Send } from '../../src/sdk/call.js';

const parent = mkdtempSync(join(tmpdir(), 'protem-mcp-'));
afterAll(() => rmSync(parent, { recursive: true }));

/** A broker that issues what lasts for so long, and what was asked of it. */
function issuing(lastsMs = 60_000) {
  const calls: string[] = [];
  let made = 0;
  const send: Send = ({ method, path }) => {
    calls.push(`${method} ${path}`);
    if (!path.endsWith('/credentials')) return Promise.resolve({ status: 200, body: { id: 'tsk_00000000' } });
    made += 1;
    const lease = { id: `lse_${made}`, expiresAt: new Date(Date.now() + lastsMs).toISOString() };
    return Promise.resolve({ status: 201, body: { lease, secret: { password: `p${made}` } } });
  };
  return { send, calls };
}
const opening = { intent: 'x', deadline: '1h' };

test('however many requests come at once, one task is opened, and ended with the session', async () => {
  const { send, calls } = issuing();
  const session = openSession(send, await openPrivateFolder(parent), opening);
  await Promise.all(['a', 'b', 'c'].map((credential) => session.request({ credential })));
  await session.close();
  expect(calls.filter((call) => call === 'POST /v1/tasks')).toHaveLength(1);
  expect(calls.at(-1)).toBe('POST /v1/tasks/tsk_00000000/end');
});

test('a session that asked for nothing opens no task, and ends none', async () => {
  const { send, calls } = issuing();
  const session = openSession(send, await openPrivateFolder(parent), opening);
  expect(await session.leases()).toEqual([]);
  await session.close();
  expect(calls).toEqual([]);
});

test('what cannot be delivered is given back', async () => {
  const { send, calls } = issuing();
  const folder = await openPrivateFolder(parent);
  await folder.close();
  const session = openSession(send, folder, opening);
  await expect(session.request({ credential: 'a' })).rejects.toThrow('ENOENT');
  expect(calls.at(-1)).toBe('POST /v1/leases/lse_1/revoke');
});

test('a file goes when its lease has ended', async () => {
  const { send } = issuing(0);
  const session = openSession(send, await openPrivateFolder(parent), opening);
  const outcome = await session.request({ credential: 'a' });
  if (outcome.is !== 'issued') throw new Error('not issued');
  while (existsSync(outcome.delivery.file)) await new Promise((resume) => setTimeout(resume, 10));
  await session.close();
});

test('a file that is there is not written over: nobody can have put a link in its place', async () => {
  const folder = await openPrivateFolder(parent);
  const file = await folder.put('a.json', 'one');
  await expect(folder.put('a.json', 'two')).rejects.toThrow('EEXIST');
  expect(readFileSync(file, 'utf8')).toBe('one');
  await folder.close();
});

test('a secret that would break out of its line is not written as a credentials file', () => {
  const session = { AccessKeyId: 'A', SecretAccessKey: 'B\n[other]', SessionToken: 'C' };
  expect(secretFile('lse_1', session)).toMatchObject({ name: 'lse_1.json', format: 'json' });
});
