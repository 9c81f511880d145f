import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { PlacedEntry, ProviderKind } from '../issuance/provider.js';
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
  override readonly name = 'SettingsError';

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
  const { tree, problems } = readOrRefuse(file, options.environment);
  const unread = problems.map(pathOf);
  for (const [path, value] of options.overrides ?? []) setAt(tree, path, value);
  const parsed = settingsSchema.safeParse(tree);
  if (!parsed.success) problems.push(...describeIssues(parsed.error));
  const sections = parsed.success ? parsed.data : soundSections(tree);

  const providers = openableProviders(sections.providers ?? {}, options.kinds, problems);
  const catalog = withScopes(sections.catalog ?? new Map(), sections.providers, options.kinds, problems);
  problems.push(...problemsTogether(catalog, providers));
  const bird = sections.canary?.entry;
  if (bird !== undefined && sections.catalog && !sections.catalog.has(bird))
    problems.push(`canary.entry: there is no catalog entry "${bird}"`);
  const signIn = sections.console?.oidc?.issuer;
  if (signIn !== undefined && sections.issuers && !sections.issuers.some(({ issuer }) => issuer === signIn))
    problems.push(`console.oidc.issuer: there is no issuer "${signIn}"`);
  if (sections.listen && !sections.listen.tls)
    for (const [index, { x509Svids }] of (sections.trustDomains ?? []).entries())
      if (x509Svids) problems.push(`trustDomains.${index}.x509Svids: needs listen.tls`);
  problems.push(...unsafeSettings(tree));
  // What cannot be read is empty, and no schema is content with that: it is told once.
  const told = problems.filter(
    (problem, index) => index < unread.length || !unread.includes(pathOf(problem)),
  );
  if (!parsed.success || told.length > 0) throw new SettingsError(file, told);
  const settings = parsed.data;
  const directory = resolve(dirname(file), settings.policy.directory);
  return Object.freeze({ ...settings, providers, catalog, policy: { ...settings.policy, directory } });
}

export type PolicySettings = Pick<Settings, 'policy' | 'catalog' | 'tools'>;

/**
 * What policies speak of and where they are, without the rest and its secrets: whoever writes policies, or holds what was
 * granted against what was used, need not have those. Throws SettingsError.
 */
export function loadPolicySettings(file: string, { environment, kinds }: LoadOptions): PolicySettings {
  const { tree } = readOrRefuse(file, environment);
  const problems = (['policy', 'catalog', 'tools', 'providers'] as const).flatMap((name) => {
    const section = settingsSchema.shape[name].safeParse(tree[name]);
    return section.success ? [] : describeIssues(section.error, name);
  });
  const { policy, tools, ...sections } = soundSections(tree);
  for (const [name, { kind }] of Object.entries(sections.providers ?? {}))
    if (!kinds.has(kind)) problems.push(unknownKind(name, kind, kinds));
  const catalog = withScopes(sections.catalog ?? new Map(), sections.providers, kinds, problems);
  if (!policy || !tools || problems.length > 0) throw new SettingsError(file, problems);
  return { policy: { ...policy, directory: resolve(dirname(file), policy.directory) }, catalog, tools };
}

const pathOf = (problem: string): string => problem.split(': ', 1)[0]!;

function readOrRefuse(file: string, environment: Environment) {
  try {
    return readSettingsTree(file, environment);
  } catch (error) {
    throw new SettingsError(file, [error instanceof Error ? error.message : String(error)]);
  }
}

type Sections = z.output<typeof settingsSchema>;

/** What can be read of settings that are not sound, so that the rest of their problems is found as well. */
const soundSections = (tree: Readonly<Record<string, unknown>>): Partial<Sections> =>
  Object.fromEntries(
    Object.entries(settingsSchema.shape).flatMap(([name, schema]) => {
      const section = schema.safeParse(tree[name]);
      return section.success ? [[name, section.data]] : [];
    }),
  );

const unknownKind = (name: string, kind: string, kinds: ReadonlyMap<string, ProviderKind>): string =>
  `providers.${name}.kind: "${kind}" is none of ${[...kinds.keys()].join(', ')}`;

function openableProviders(
  sections: Sections['providers'],
  kinds: ReadonlyMap<string, ProviderKind>,
  problems: string[],
): ReadonlyMap<string, ProviderSection> {
  const providers = new Map<string, ProviderSection>();
  for (const [name, { kind: kindName, ...rest }] of Object.entries(sections)) {
    const kind = kinds.get(kindName);
    if (!kind) {
      problems.push(unknownKind(name, kindName, kinds));
      continue;
    }
    const section = kind.settings.safeParse(rest);
    if (section.success) providers.set(name, { kind, settings: section.data });
    else problems.push(...describeIssues(section.error, `providers.${name}`));
  }
  return providers;
}

/** The catalog with each provider's section as the schema of its kind reads it, defaults filled in. */
function withScopes(
  catalog: ReadonlyMap<string, CatalogEntry>,
  sections: Sections['providers'] | undefined,
  kinds: ReadonlyMap<string, ProviderKind>,
  problems: string[],
): ReadonlyMap<string, CatalogEntry> {
  const scoped = new Map<string, CatalogEntry>();
  for (const [name, entry] of catalog) {
    const section = sections?.[entry.provider];
    if (sections && !section)
      problems.push(`catalog.${name}.provider: there is no provider "${entry.provider}"`);
    const scope = kinds.get(section?.kind ?? '')?.scope.safeParse(entry.mint);
    if (scope?.success) scoped.set(name, { ...entry, mint: scope.data });
    else if (scope) problems.push(...describeIssues(scope.error, `catalog.${name}.mint`));
  }
  return scoped;
}

/** What sound entries do to each other, as each kind of provider tells of all of its own. */
function problemsTogether(
  catalog: ReadonlyMap<string, CatalogEntry>,
  providers: ReadonlyMap<string, ProviderSection>,
): string[] {
  const placed = new Map<ProviderKind, PlacedEntry[]>();
  for (const { name, provider, mint } of catalog.values()) {
    const section = providers.get(provider);
    if (!section) continue;
    const { kind, settings } = section;
    placed.set(kind, [...(placed.get(kind) ?? []), { name, settings, mint }]);
  }
  return [...placed].flatMap(([kind, entries]) =>
    (kind.problemsTogether?.(entries) ?? []).map(
      ({ entry, path, message }) => `catalog.${entry}.mint.${path}: ${message}`,
    ),
  );
}

/** How zod says it of a setting that is not there at all. */
const missing = /^Invalid input: expected \w+, received undefined$/;

const describeIssues = (error: z.ZodError, within?: string): string[] =>
  error.issues.map(
    ({ path, message }) =>
      `${[...(within === undefined ? [] : [within]), ...path.map(String)].join('.') || '(top)'}: ${message.replace(missing, 'it is missing')}`,
  );
