import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogSettings } from '../../src/policy/catalog-settings.js';

export const entryNames = Array.from({ length: 10 }, (_, n) => `entry-${n}`);

/** A hundred policies over ten catalog entries: nine tied to each entry, ten that hold for all. */
export function benchPolicies(): string {
  const directory = mkdtempSync(join(tmpdir(), 'protem-policies-'));
  cpSync('config/policy/protem.cedarschema', join(directory, 'protem.cedarschema'));
  const tied = entryNames.flatMap((entry) =>
    Array.from({ length: 9 }, (_, n) =>
      permit(`${entry}-${n}`, `resource == Protem::CatalogEntry::"${entry}"`, n),
    ),
  );
  const forAll = Array.from({ length: 10 }, (_, n) => forbid(`guard-${n}`, n));
  writeFileSync(join(directory, 'bench.cedar'), [...tied, ...forAll].join('\n'));
  writeFileSync(join(directory, 'cases.yaml'), '[]');
  return directory;
}

const permit = (id: string, resource: string, n: number) => `@id("${id}") @maximumTtl("1h")
permit (principal is Protem::Agent, action == Protem::Action::"issue", ${resource})
when { context.verified.toolDeclared && context.verified.task.hasTag("team${n === 0 ? '' : n}") };`;

const forbid = (id: string, n: number) => `@id("${id}")
forbid (principal, action == Protem::Action::"issue", resource)
when { resource.riskTier > ${n} && context.verified.task.onBehalfOf == "nobody-${n}" };`;

export const toolNames = Array.from({ length: 10 }, (_, n) => `tool-${n}`);

/** What the settings say of them: half read, half write. */
export const benchTools = new Map(
  toolNames.map((name, n) => [name, { kind: n < 5 ? 'read' : 'write', dataClass: `class-${n}` }]),
);

/** A hundred policies over ten tools: nine for each, of which one permits, and ten that look at the chain. */
export function stepPolicies(): string {
  const directory = mkdtempSync(join(tmpdir(), 'protem-step-policies-'));
  cpSync('config/policy/protem.cedarschema', join(directory, 'protem.cedarschema'));
  const forTools = toolNames.flatMap((tool) =>
    Array.from(
      { length: 9 },
      (_, n) => `@id("${tool}-${n}")
permit (principal is Protem::Agent, action == Protem::Action::"step", resource == Protem::Tool::"${tool}")
when { context.verified.toolDeclared ${n === 0 ? '' : `&& context.verified.task.hasTag("team${n}")`} };`,
    ),
  );
  const ofChains = Array.from(
    { length: 10 },
    (_, n) => `@id("chain-${n}")
forbid (principal, action == Protem::Action::"step", resource)
when { context.verified.kind == "never-${n}" && !context.verified.chain.kinds.contains("write") };`,
  );
  writeFileSync(join(directory, 'bench.cedar'), [...forTools, ...ofChains].join('\n'));
  writeFileSync(join(directory, 'cases.yaml'), '[]');
  return directory;
}

/** What each entry mints is the provider's matter; parameters and bounds are the same. */
export const benchCatalog = (provider: string, mint: object) =>
  catalogSettings.parse(
    Object.fromEntries(
      entryNames.map((name) => [
        name,
        {
          description: name,
          provider,
          sensitivity: 'internal',
          environment: 'bench',
          riskTier: 1,
          maximumTtl: '1h',
          defaultTtl: '15m',
          parameters: { prefix: { type: 'path', within: 'reports/', default: 'reports/' } },
          mint,
        },
      ]),
    ),
  );
