import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { ProviderKind } from '../issuance/provider.js';
import type { CatalogEntry } from '../policy/catalog.js';
import { readSettingsTree, setAt } from './read.js';
import type { Environment } from './read.js';
import { settingsSchema } from './schema.js';
import { unsafeSettings } from './unsafe.js';

/** A provider's section, already checked by the schema of its kind. */
export interface ProviderSection {
  readonly kind: ProviderKind;
  readonly settings: unknown;
}

export type Settings = Omit<z.output<typeof settingsSchema>, 'providers'> & {
  readonly providers: ReadonlyMap<string, ProviderSection>;
};

/** Every problem of the settings at once, each with its path. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(
      `${file} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n  ${problems.join('\n  ')}`,
    );
    this.problems = problems;
  }
}

export interface LoadOptions {
  readonly environment: Environment;
  readonly kinds: ReadonlyMap<string, ProviderKind>;
  /** Values that go over everything else, by path: where the sandbox really listens. */
  readonly overrides?: readonly (readonly [path: readonly string[], value: unknown])[];
}

/** Reads the settings once, whole and strictly. Throws SettingsError. */
export function loadSettings(file: string, options: LoadOptions): Settings {
  const { tree, problems } = readSettingsTree(file, options.environment);
  for (const [path, value] of options.overrides ?? []) setAt(tree, path, value);
  const parsed = settingsSchema.safeParse(tree);
  if (!parsed.success)
    throw new SettingsError(file, [...problems, ...parsed.error.issues.map(describeIssue)]);
  const settings = parsed.data;

  const providers = new Map<string, ProviderSection>();
  for (const [name, { kind: kindName, ...rest }] of Object.entries(settings.providers)) {
    const kind = options.kinds.get(kindName);
    if (!kind) {
      problems.push(
        `providers.${name}.kind: "${kindName}" is none of ${[...options.kinds.keys()].join(', ')}`,
      );
      continue;
    }
    const section = kind.settings.safeParse(rest);
    if (section.success) providers.set(name, { kind, settings: section.data });
    else problems.push(...section.error.issues.map((issue) => `providers.${name}.${describeIssue(issue)}`));
  }
  const catalog = withScopes(settings.catalog, providers, problems);
  problems.push(...unsafeSettings(settings, tree));
  if (problems.length > 0) throw new SettingsError(file, problems);
  const directory = resolve(dirname(file), settings.policy.directory);
  return Object.freeze({ ...settings, providers, catalog, policy: { ...settings.policy, directory } });
}

/** The catalog with each provider's section as the schema of its kind reads it, defaults filled in. */
function withScopes(
  catalog: ReadonlyMap<string, CatalogEntry>,
  providers: ReadonlyMap<string, ProviderSection>,
  problems: string[],
): ReadonlyMap<string, CatalogEntry> {
  const scoped = new Map<string, CatalogEntry>();
  for (const [name, entry] of catalog) {
    const scope = providers.get(entry.provider)?.kind.scope.safeParse(entry.mint);
    if (!scope) problems.push(`catalog.${name}.provider: there is no provider "${entry.provider}"`);
    else if (scope.success) scoped.set(name, { ...entry, mint: scope.data });
    else problems.push(...scope.error.issues.map((issue) => `catalog.${name}.mint.${describeIssue(issue)}`));
  }
  return scoped;
}

const describeIssue = (issue: z.core.$ZodIssue): string =>
  `${issue.path.map(String).join('.') || '(top)'}: ${issue.message}`;
