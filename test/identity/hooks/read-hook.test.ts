import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { hookSettings, sourceNamed } from '../../../src/identity/hooks/hook-settings.js';
import { valueAt } from '../../../src/identity/hooks/json-pointer.js';
import { readHook } from '../../../src/identity/hooks/read-hook.js';
import { Secret } from '../../../src/kernel/secret.js';

const now = Date.parse('2030-01-01T00:12:40Z');
const whsec = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const githubSecret = 'a secret only GitHub knows';
const word = 'a-word-between-the-two-of-us';

const sources = hookSettings.parse({
  orchestrator: { scheme: 'standard-webhooks', secrets: [whsec] },
  runs: {
    scheme: 'github',
    secrets: [githubSecret],
    tasks: {
      when: { '/action': 'completed' },
      task: '/workflow_run/display_title',
      outcome: { from: '/workflow_run/conclusion', is: { success: 'completed', cancelled: 'cancelled' } },
    },
  },
  jobs: {
    scheme: 'github',
    secrets: [new Secret(githubSecret)],
    tasks: {
      when: { '/action': ['completed'], '/workflow_job/run_attempt': 1 },
      task: '/workflow_job/name',
      outcome: { from: '/workflow_job/conclusion', is: { success: 'completed', cancelled: 'cancelled' } },
    },
  },
  anything: { scheme: 'bearer', secrets: [word], tasks: { task: '/id' } },
});

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'nobody'])(
  'there is no source %s',
  (name) => {
    expect(sourceNamed(sources, name)).toBeUndefined();
  },
);

test('a source is found by its name', () => {
  expect(sourceNamed(sources, 'runs')).toBe(sources['runs']);
});

const fixture = (name: string) => readFileSync(`test/fixtures/hooks/${name}.json`);

function fromGithub(source: 'runs' | 'jobs', rawBody: Buffer) {
  const mac = createHmac('sha256', githubSecret).update(rawBody).digest('hex');
  const headers = { 'x-hub-signature-256': `sha256=${mac}`, 'x-github-delivery': 'd-1' };
  return readHook(sources[source]!, { headers, rawBody }, now);
}

function fromOrchestrator(rawBody: Buffer) {
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(now / 1000),
    'webhook-signature': new Webhook(whsec).sign('msg_1', new Date(now), rawBody.toString()),
  };
  return readHook(sources['orchestrator']!, { headers, rawBody }, now);
}

const fromAnything = (payload: unknown) =>
  readHook(
    sources['anything']!,
    { headers: { authorization: `Bearer ${word}` }, rawBody: Buffer.from(JSON.stringify(payload)) },
    now,
  );

const edited = (name: string, edit: (payload: never) => void): Buffer => {
  const payload = JSON.parse(fixture(name).toString()) as never;
  edit(payload);
  return Buffer.from(JSON.stringify(payload));
};

test('REV-03 task.completed, as Protem publishes it, needs no mapping', () => {
  expect(fromOrchestrator(fixture('task-completed'))).toEqual({
    deliveryId: 'msg_1',
    signedAt: now,
    taskId: 'tsk_4Fq2aB9x',
    outcome: 'completed',
  });
});

test.each([
  ['task.failed', 'failed'],
  ['task.cancelled', 'cancelled'],
])('%s says how the task ended', (type, outcome) => {
  const body = edited('task-completed', (payload: { type: string }) => (payload.type = type));
  expect(fromOrchestrator(body).outcome).toBe(outcome);
});

test('an event that ends no task is ignored', () => {
  const body = edited('task-completed', (payload: { type: string }) => (payload.type = 'task.started'));
  expect(fromOrchestrator(body)).toMatchObject({
    deliveryId: 'msg_1',
    ignored: expect.stringContaining('/type'),
  });
});

test('REV-03 a workflow_run of GitHub carries the task id in its title', () => {
  expect(fromGithub('runs', fixture('github-workflow-run'))).toEqual({
    deliveryId: 'd-1',
    taskId: 'tsk_4Fq2aB9x',
    outcome: 'completed',
  });
});

test('REV-03 a workflow_job of GitHub carries the task id in its name', () => {
  expect(fromGithub('jobs', fixture('github-workflow-job'))).toMatchObject({
    taskId: 'tsk_4Fq2aB9x',
    outcome: 'cancelled',
  });
});

test('a conclusion that the table does not know is a failure', () => {
  for (const conclusion of ['timed_out', null, 'constructor', '__proto__']) {
    const body = edited('github-workflow-run', (payload: { workflow_run: { conclusion: unknown } }) => {
      payload.workflow_run.conclusion = conclusion;
    });
    expect(fromGithub('runs', body).outcome).toBe('failed');
  }
});

test('a run that has only begun, or has no task, is ignored', () => {
  const begun = edited(
    'github-workflow-run',
    (payload: { action: string }) => (payload.action = 'requested'),
  );
  expect(fromGithub('runs', begun).ignored).toBe('/action is not completed');
  const untitled = edited('github-workflow-run', (payload: { workflow_run: { display_title: string } }) => {
    payload.workflow_run.display_title = 'Monthly reports';
  });
  expect(fromGithub('runs', untitled).ignored).toContain('no task id');
  expect(fromGithub('runs', fixture('github-workflow-job')).ignored).toContain('no task id');
});

test.each([
  ['tsk_4Fq2aB9x', 'tsk_4Fq2aB9x'],
  ['again: tsk_4Fq2aB9x (tsk_4Fq2aB9x)', 'tsk_4Fq2aB9x'],
  ['tsk_4Fq2aB9x tsk_AAAAAAAA', undefined],
  ['tsk_4Fq2aB9xx', undefined],
  ['xtsk_4Fq2aB9x', undefined],
  ['tsk_4Fq2', undefined],
  [17, undefined],
  [{ id: 'tsk_4Fq2aB9x' }, undefined],
])('in %j the task is %s', (id, expected) => {
  expect(fromAnything({ id }).taskId).toBe(expected);
});

test('an outcome is not needed: then the task is completed', () => {
  expect(fromAnything({ id: 'tsk_4Fq2aB9x' }).outcome).toBe('completed');
});

test('nothing of an unproven body is read', () => {
  const rawBody = Buffer.from('{nonsense');
  expect(() => readHook(sources['anything']!, { headers: {}, rawBody }, now)).toThrow(
    expect.objectContaining({ code: 'hook.unproven' }),
  );
});

test('what is proven but not JSON is malformed', () => {
  for (const text of ['payload=%7B%7D', '', '\u00ff'])
    expect(() =>
      readHook(
        sources['anything']!,
        { headers: { authorization: `Bearer ${word}` }, rawBody: Buffer.from(text, 'latin1') },
        now,
      ),
    ).toThrow(expect.objectContaining({ code: 'request.malformed', cause: undefined }));
});

test('any JSON at all is read without an accident', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (payload) => {
      expect(fromAnything(payload).deliveryId).toMatch(/^sha256:/);
    }),
  );
});

test('a pointer follows own members only (RFC 6901)', () => {
  // The example document of RFC 6901 section 5, as far as a pointer below the root goes.
  const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, ' ': 7, 'm~n': 8 };
  const found = ['/foo/0', '/', '/a~1b', '/c%d', '/ ', '/m~0n'].map((pointer) => valueAt(document, pointer));
  expect(found).toEqual(['bar', 0, 1, 2, 7, 8]);
  for (const pointer of [
    '/foo/2',
    '/foo/-',
    '/constructor',
    '/__proto__/toString',
    '/foo/length/x',
    '/a~1b/x',
  ])
    expect(valueAt(document, pointer)).toBeUndefined();
});

const github = { scheme: 'github', secrets: [githubSecret], tasks: { task: '/a' } };

test.each<[string, unknown]>([
  ['a scheme nobody knows', { ...github, scheme: 'hmac' }],
  ['no secret', { ...github, secrets: [] }],
  ['a short secret', { ...github, secrets: ['short'] }],
  ['no mapping for GitHub', { scheme: 'github', secrets: [githubSecret] }],
  ['a pointer without its slash', { ...github, tasks: { task: 'data.task' } }],
  ['a pointer to everything', { ...github, tasks: { task: '' } }],
  ['an unknown setting', { ...github, secret: githubSecret }],
  [
    'an outcome nobody knows',
    { ...github, tasks: { task: '/a', outcome: { from: '/b', is: { x: 'done' } } } },
  ],
  [
    'a shared secret that is no whsec_',
    { scheme: 'standard-webhooks', secrets: ['long enough but not one'] },
  ],
  ['a tolerance of a day', { scheme: 'standard-webhooks', secrets: [whsec], toleranceSeconds: 86_400 }],
])('settings with %s are refused, without repeating a secret', (_what, source) => {
  const parsed = hookSettings.safeParse({ source });
  expect(parsed.success).toBe(false);
  const said = JSON.stringify(parsed.error?.issues);
  for (const secret of [githubSecret, whsec, 'long enough but not one']) expect(said).not.toContain(secret);
});

test('a source has a name that fits its URL', () => {
  expect(hookSettings.safeParse({ 'Not one': github }).success).toBe(false);
  expect(hookSettings.parse(undefined)).toEqual({});
});

test('no secret of a source prints', () => {
  const printed = inspect(sources, { depth: 10, showHidden: true }) + JSON.stringify(sources);
  for (const secret of [githubSecret, whsec, word]) expect(printed).not.toContain(secret);
});
