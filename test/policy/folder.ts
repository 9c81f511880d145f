import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import type { Ask } from '../../src/policy/decision.js';

const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A policy folder with the schema of config/policy and the files given; it is gone after the tests of the file. */
export function policyFolder(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'protem-policy-'));
  made.push(directory);
  cpSync('config/policy/protem.cedarschema', join(directory, 'protem.cedarschema'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  return directory;
}

export const entryOf = (name: string, over: Partial<CatalogEntry> = {}): CatalogEntry => ({
  name,
  description: name,
  provider: 'aws',
  sensitivity: 'internal',
  environment: 'production',
  riskTier: 1,
  maximumTtlSeconds: 3600,
  defaultTtlSeconds: 900,
  parameters: {},
  mint: {},
  ...over,
});

export const catalogOf = (...entries: CatalogEntry[]): ReadonlyMap<string, CatalogEntry> =>
  new Map(entries.map((entry) => [entry.name, entry]));

export const reports = entryOf('reports');
export const payments = entryOf('payments', { sensitivity: 'restricted', riskTier: 3 });
export const catalog = catalogOf(reports, payments);

type Parts = Partial<Omit<Ask, 'principal' | 'task'>> & {
  readonly principal?: Partial<Ask['principal']>;
  readonly task?: Partial<Ask['task']>;
};

export const askFor = (entry: CatalogEntry, { principal, task, ...over }: Parts = {}): Ask => ({
  principal: {
    id: 'spiffe://acme.example/agent/reporter',
    kind: 'agent',
    issuer: 'acme.example',
    roles: [],
    claims: {},
    proofExpiresAt: 0,
    ...principal,
  },
  task: {
    id: 'tsk_00000000',
    intent: 'write the report',
    agent: 'spiffe://acme.example/agent/reporter',
    openedBy: 'spiffe://acme.example/agent/reporter',
    labels: {},
    openedAt: 0,
    deadlineAt: 0,
    state: 'open',
    ...task,
  },
  entry,
  parameters: {},
  ttlSeconds: 900,
  asserted: {},
  ...over,
});

/** `permit` or `forbid` of issuing, with an id and a condition. */
export const rule = (effect: 'permit' | 'forbid', id: string, when = 'true', annotations = ''): string =>
  `@id("${id}") ${annotations}\n${effect} (principal, action == Protem::Action::"issue", resource) when { ${when} };\n`;

/** Forbids what nobody has approved, and says whom to ask. */
export const ask = rule('forbid', 'look', '!context.verified.approved', '@ask("approver, admin")');
