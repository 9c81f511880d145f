import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { LoadedPolicy } from '../../src/policy/cedar-policy.js';
import { PolicyError } from '../../src/policy/cedar-bundle.js';
import { policyChanges } from '../../src/policy/policy-changes.js';
import type { PolicyChanges } from '../../src/policy/policy-changes.js';
import { openPolicySource } from '../../src/policy/policy-source.js';
import type { PolicySource } from '../../src/policy/policy-source.js';
import { askFor, catalog, policyFolder, reports, rule } from './folder.js';

const cases = '[{ name: reports are read, credential: reports, expect: permit }]';
const opened: PolicySource[] = [];
afterEach(() => Promise.all(opened.splice(0).map((source) => source.close())));

function open(files: Record<string, string> = { 'a.cedar': rule('permit', 'first'), 'cases.yaml': cases }) {
  const directory = policyFolder(files);
  const events = new EventEmitter();
  const loaded: string[] = [];
  const changes: PolicyChanges[] = [];
  const refused: (readonly string[])[] = [];
  const source = openPolicySource({
    directory,
    catalog,
    settleMs: 5,
    onLoaded: (policy, before) => {
      loaded.push(policy.digest);
      if (before) changes.push(policyChanges(before, policy));
      events.emit('loaded');
    },
    onRefused: (problems) => (refused.push(problems), events.emit('refused')),
  });
  opened.push(source);
  const because = () => source.current().decide(askFor(reports)).because;
  const write = (file: string, text: string) => writeFileSync(join(directory, file), text);
  return { source, directory, events, loaded, changes, refused, because, write };
}

test('POL-09: a bundle tells of each file what sha256sum says, and which policies are other than before', () => {
  const { source, changes, write } = open({
    'a.cedar': `${rule('permit', 'first')}\n${rule('permit', 'stays')}`,
    'b.cedar': rule('forbid', 'goes', 'context.verified.risk == 3'),
    'cases.yaml': cases,
  });
  const text = `${rule('permit', 'first', 'context.verified.risk == 0')}\n${rule('permit', 'stays')}`;
  write('a.cedar', text);
  write('b.cedar', rule('forbid', 'comes', 'context.verified.risk == 3'));
  expect(source.reload()).toBe(true);
  expect(changes).toEqual([{ added: ['comes'], changed: ['first'], removed: ['goes'] }]);
  const { files } = source.current() as LoadedPolicy;
  expect(Object.keys(files)).toEqual(['a.cedar', 'b.cedar', 'protem.cedarschema']);
  expect(files['a.cedar']).toBe(createHash('sha256').update(text).digest('hex'));
});

test('POL-09: a sound bundle replaces the one before, which then denies everything', () => {
  const { source, loaded, refused, because, write } = open();
  const before = source.current();
  expect(because()).toEqual(['first']);
  write('a.cedar', rule('permit', 'second'));
  expect(source.reload()).toBe(true);
  expect(because()).toEqual(['second']);
  expect(before.decide(askFor(reports))).toMatchObject({ is: 'deny', errors: [expect.any(String)] });
  expect(loaded).toHaveLength(2);
  expect(new Set(loaded).size).toBe(2);
  expect(refused).toEqual([]);
});

test.each([
  [
    'a misspelt attribute',
    'a.cedar',
    rule('permit', 'second', 'context.verified.tolDeclared'),
    'tolDeclared',
  ],
  ['what is no Cedar', 'b.cedar', 'permit', 'b.cedar:1'],
  [
    'a case that no longer gets its answer',
    'b.cedar',
    rule('forbid', 'none'),
    'cases.yaml: reports are read: the answer is "deny"',
  ],
  ['cases that cannot be read', 'cases.yaml', '[{ nonsense: true }]', 'cases.yaml'],
  ['no cases', 'cases.yaml', '[]', 'at least one case'],
  ['a schema that is broken', 'protem.cedarschema', 'entity', 'protem.cedarschema:1'],
])('POL-09: a bundle with %s is refused, and the one before stays in force', (_what, file, text, problem) => {
  const { source, refused, loaded, because, write } = open();
  const { digest } = source.current();
  write(file, text);
  expect(source.reload()).toBe(false);
  expect(refused.flat().join('\n')).toContain(problem);
  expect(source.current().digest).toBe(digest);
  expect(because()).toEqual(['first']);
  expect(loaded).toHaveLength(1);
});

test('POL-09: a bundle that is refused again and again costs nothing that is in force, and can be mended', () => {
  const { source, because, write } = open();
  for (let turn = 0; turn < 6; turn++) {
    write('a.cedar', turn % 2 === 0 ? rule('forbid', `bad${turn}`) : rule('permit', `good${turn}`));
    expect(source.reload()).toBe(turn % 2 === 1);
    expect(because()).toEqual([turn === 0 ? 'first' : `good${turn - 1 + (turn % 2)}`]);
  }
});

test('a change that decides nothing differently replaces nothing', () => {
  const { source, loaded, write } = open();
  const before = source.current();
  write('a.cedar', `// explained\n${rule('permit', 'first')}`);
  expect(source.reload()).toBe(true);
  expect(source.current()).toBe(before);
  expect(loaded).toHaveLength(1);
});

test('the folder is watched: a change is loaded, or refused, without being told', async () => {
  const { events, refused, because, write, directory } = open();
  const loadedAgain = once(events, 'loaded');
  write('a.cedar', rule('permit', 'second'));
  await loadedAgain;
  expect(because()).toEqual(['second']);

  const refusedOnce = once(events, 'refused');
  write('a.cedar.new', rule('forbid', 'none'));
  renameSync(join(directory, 'a.cedar.new'), join(directory, 'a.cedar'));
  await refusedOnce;
  expect(refused.at(-1)?.join()).toContain('reports are read');
  expect(because()).toEqual(['second']);
});

test('a folder whose policies disappear does not open the door, nor close it', () => {
  const { source, directory, because } = open();
  rmSync(directory, { recursive: true });
  expect(source.reload()).toBe(false);
  expect(because()).toEqual(['first']);
});

test.each([
  ['policies', { 'a.cedar': 'permit', 'cases.yaml': cases }],
  ['cases', { 'a.cedar': rule('permit', 'it') }],
  ['answers', { 'a.cedar': rule('forbid', 'it'), 'cases.yaml': cases }],
])('there is no start without sound %s', (_what, files: Record<string, string>) => {
  expect(() => open(files)).toThrow(PolicyError);
});

test('there is no start without a folder', () => {
  const directory = policyFolder({});
  rmSync(directory, { recursive: true });
  const told = () => undefined;
  expect(() => openPolicySource({ directory, catalog, onLoaded: told, onRefused: told })).toThrow(
    PolicyError,
  );
});

test('a source that is closed denies', async () => {
  const { source } = open();
  const policy = source.current();
  await source.close();
  expect(policy.decide(askFor(reports)).is).toBe('deny');
});
