import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { AuditEvent } from '../../src/audit/event.js';
import { isOwnerless } from '../../src/broker/inventory.js';
import { openPolicy } from '../../src/compose/open-policy.js';
import { openInventory, watchSettings } from '../../src/compose/watch-settings.js';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { loadSettings } from '../../src/settings/load.js';
import { stringify, parse } from 'yaml';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const log = pino({ level: 'silent' });
const environment = {
  PROTEM_SANDBOX_AWS_SECRET: 'a secret of a test',
  PROTEM_SANDBOX_VAULT_SECRET: 'a secret of a test',
  PROTEM_SANDBOX_HOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
};

type Tree = Record<string, unknown> & {
  catalog: Record<string, object>;
  limits: object;
  providers: Record<string, object>;
};

/** The settings of the sandbox in a folder of their own, watched; and what is told of them. */
function watched() {
  const directory = mkdtempSync(join(tmpdir(), 'protem-settings-'));
  const file = join(directory, 'protem.yaml');
  const tree = parse(readFileSync('config/protem.yaml', 'utf8')) as Tree;
  tree['policy'] = { directory: resolve('config/policy') };
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  write(stringify(tree));
  const read = () => loadSettings(file, { environment, kinds: providerKinds });
  const told = new EventEmitter();
  const record = (event: AuditEvent) => void told.emit(event.type, event);
  const settings = read();
  const policy = openPolicy(settings, log, record, closing);
  const inventory = openInventory(settings);
  closing.push(watchSettings(settings, { file, read }, { policy, inventory, log, record }));
  const changed = async (type: AuditEvent['type'], change: (tree: Tree) => void | string) => {
    const next = once(told, type);
    const text = change(tree);
    write(text ?? stringify(tree));
    return ((await next) as [AuditEvent])[0];
  };
  return { read, policy, inventory, changed, first: Object.keys(tree.catalog)[0]! };
}

test('the same file read twice is no change in any section', () => {
  const { read } = watched();
  expect(read()).toEqual(read());
});

test('POL-06: a changed catalog is in force without a restart, under another digest', async () => {
  const { policy, changed, first } = watched();
  const before = policy.current().digest;
  const event = await changed(
    'settings.loaded',
    ({ catalog }) => void (catalog['another'] = { ...catalog[first] }),
  );
  expect(event).toEqual({ type: 'settings.loaded', sections: ['catalog'], needRestart: [] });
  expect(policy.current().catalog.has('another')).toBe(true);
  expect(policy.current().digest).not.toBe(before);
});

test('OPS-01: an agent loses its owner without a restart', async () => {
  const { inventory, changed } = watched();
  const agent = 'spiffe://example.org/agent/reporter';
  await changed('settings.loaded', (tree) => {
    tree['agents'] = [{ id: agent, owner: 'team-a', purpose: 'reports' }];
    tree['agentsNeedOwners'] = true;
  });
  expect(isOwnerless(inventory, agent)).toBe(false);
  await changed('settings.loaded', (tree) => void (tree['agents'] = []));
  expect(isOwnerless(inventory, agent)).toBe(true);
});

test('settings that are not sound leave everything as it was, and can be mended', async () => {
  const { policy, changed, first } = watched();
  const before = policy.current();
  const refused = await changed('settings.refused', () => 'catalog: [nonsense');
  expect(refused).toMatchObject({ problems: [expect.any(String)] });
  await changed('settings.refused', ({ catalog }) => void (catalog['odd'] = { nonsense: true }));
  expect(policy.current()).toBe(before);
  await changed('settings.loaded', ({ catalog }) => {
    delete catalog['odd'];
    catalog['another'] = { ...catalog[first] };
  });
  expect(policy.current().catalog.has('another')).toBe(true);
});

test('a catalog that fails the cases of the policies is refused, with the agents that came with it', async () => {
  const { policy, inventory, changed, first } = watched();
  const before = policy.current();
  await changed('policy.refused', (tree) => {
    delete tree.catalog[first];
    tree['agents'] = [{ id: 'spiffe://example.org/agent/new', owner: 'team-a', purpose: 'reports' }];
  });
  expect(policy.current()).toBe(before);
  expect(inventory.agents.has('spiffe://example.org/agent/new')).toBe(false);
});

test('what takes a restart is named; a catalog that comes with changed providers waits for it', async () => {
  const { policy, changed, first } = watched();
  const before = policy.current();
  expect(
    await changed('settings.loaded', (tree) => void (tree.limits = { ...tree.limits, longestTask: '3h' })),
  ).toEqual({
    type: 'settings.loaded',
    sections: [],
    needRestart: ['limits'],
  });
  expect(policy.current()).toBe(before);
  const refused = await changed('settings.refused', ({ catalog, providers }) => {
    providers['second'] = { ...Object.values(providers)[0] };
    catalog['another'] = { ...catalog[first] };
  });
  expect(refused).toMatchObject({ problems: [expect.stringContaining('takes a restart')] });
  expect(policy.current()).toBe(before);
});

test('nor is a catalog taken for providers that were changed before it', async () => {
  const { policy, changed, first } = watched();
  const before = policy.current();
  const alone = await changed('settings.loaded', ({ providers }) => {
    providers['second'] = { ...Object.values(providers)[0] };
  });
  expect(alone).toMatchObject({ sections: [], needRestart: ['providers'] });
  const entry = ({ catalog }: Tree) => void (catalog['another'] = { ...catalog[first], provider: 'second' });
  expect(await changed('settings.refused', entry)).toMatchObject({
    problems: [expect.stringContaining('takes a restart')],
  });
  expect(policy.current()).toBe(before);
});
