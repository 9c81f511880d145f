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
  if (!parsed.success) problems.push(...parsed.error.issues.map(describeIssue));
  const settings: Partial<Parsed> = parsed.success ? parsed.data : soundSections(tree);

  const providers = providersOf(settings.providers ?? {}, options.kinds, problems);
  const catalog = withScopes(settings.catalog ?? new Map(), settings.providers, providers, problems);
  problems.push(...unsafeSettings(settings, tree));
  if (!parsed.success || problems.length > 0) throw new SettingsError(file, problems);
  const directory = resolve(dirname(file), parsed.data.policy.directory);
  return Object.freeze({ ...parsed.data, providers, catalog, policy: { ...parsed.data.policy, directory } });
}

type Parsed = z.output<typeof settingsSchema>;

/** What can be checked further although something else is wrong, so that every problem is told at once. */
const soundSections = (tree: Readonly<Record<string, unknown>>): Partial<Parsed> =>
  Object.fromEntries(
    Object.entries(settingsSchema.shape).flatMap(([name, section]) => {
      const parsed = section.safeParse(tree[name]);
      return parsed.success ? [[name, parsed.data]] : [];
    }),
  );

function providersOf(
  named: Parsed['providers'],
  kinds: LoadOptions['kinds'],
  problems: string[],
): ReadonlyMap<string, ProviderSection> {
  const providers = new Map<string, ProviderSection>();
  for (const [name, { kind: kindName, ...rest }] of Object.entries(named)) {
    const kind = kinds.get(kindName);
    if (!kind) {
      problems.push(`providers.${name}.kind: "${kindName}" is none of ${[...kinds.keys()].join(', ')}`);
      continue;
    }
    const section = kind.settings.safeParse(rest);
    if (section.success) providers.set(name, { kind, settings: section.data });
    else problems.push(...section.error.issues.map((issue) => `providers.${name}.${describeIssue(issue)}`));
  }
  return providers;
}

/** The catalog with each provider's section as the schema of its kind reads it, defaults filled in. */
function withScopes(
  catalog: ReadonlyMap<string, CatalogEntry>,
  named: Parsed['providers'] | undefined,
  providers: ReadonlyMap<string, ProviderSection>,
  problems: string[],
): ReadonlyMap<string, CatalogEntry> {
  const scoped = new Map<string, CatalogEntry>();
  for (const [name, entry] of catalog) {
    const scope = providers.get(entry.provider)?.kind.scope.safeParse(entry.mint);
    if (scope?.success) scoped.set(name, { ...entry, mint: scope.data });
    else if (scope)
      problems.push(...scope.error.issues.map((issue) => `catalog.${name}.mint.${describeIssue(issue)}`));
    else if (named && !Object.hasOwn(named, entry.provider))
      problems.push(`catalog.${name}.provider: there is no provider "${entry.provider}"`);
  }
  return scoped;
}

const describeIssue = (issue: z.core.$ZodIssue): string =>
  `${issue.path.map(String).join('.') || '(top)'}: ${issue.message}`;
