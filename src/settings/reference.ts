import type { ProviderKind } from '../issuance/provider.js';
import { durationPattern } from '../kernel/duration.js';
import { scopeOf, secretTitle, sectionOf, wholeSchema } from './json-schema.js';
import type { Json } from './json-schema.js';
import { fromEnvironment } from './read.js';
import { unsafeNames } from './schema.js';

/** docs/configuration.md: every setting, printed from the schemas that read them. */
export function settingsReference(kinds: ReadonlyMap<string, ProviderKind>): string {
  const { properties = {}, required = [] } = wholeSchema(kinds);
  const sections = Object.entries(properties).flatMap(([name, schema]) => [
    `## \`${name}\``,
    '',
    ...section(name, schema, required.includes(name)),
    ...(name === 'providers' ? [...kinds.values()].flatMap(ofProvider) : []),
    ...(name === 'catalog' ? [...kinds.values()].flatMap(ofMint) : []),
  ]);
  return [...introduction, ...sections].join('\n');
}

const unsafeMeanings: Record<(typeof unsafeNames)[number], string> = {
  'redis-eviction': 'a state store whose `maxmemory-policy` is not `noeviction`: it could forget live leases',
  'redis-without-persistence':
    'a state store without an append-only file: a restart would forget live leases',
  'redis-version': 'Redis before 7, or Valkey before 8',
  'redis-without-tls': '`redis://` to another machine',
  'issuer-over-http': 'the keys of an issuer or a trust domain over plain http from another machine',
  'provider-over-http': 'plain http to a provider on another machine',
  'sandbox-parts': 'the issuer and the keys of the sandbox, which anyone on this machine can use',
};

const introduction = [
  '# Configuration',
  '',
  '<!-- Printed by `npm run docs` from the schemas that read the settings. -->',
  '',
  'One YAML file: the one that `--config` names, or `PROTEM_CONFIG`, or `protem.yaml` in the working directory.',
  'An unknown key is an error, and everything that is wrong is told at once, each with its',
  'path: `protem config check`. `config/protem.schema.json` says the same to editors; name it in the first line of',
  'your file, as `config/protem.yaml` does.',
  '',
  'Policies are read again when they change (docs/policy.md), and so are `catalog`, `tools`, `agents` and',
  '`agentsNeedOwners` here: all of them or none, once the file is sound and the cases of the policies pass. A change of anything',
  'else needs a restart, and log and audit (`settings.loaded`) name what has changed so.',
  '',
  'Durations are written `90s`, `15m`, `1h30m` or `7d`. `{{name}}` in a path of this page is a name that you choose;',
  '`[]` is each element of a list.',
  '',
  '**Secrets** stand in no settings file. Where one is needed, `{ env: NAME }` takes it from the environment, and',
  '`{ file: path }` from a file, without the line break at its end. One that is not there stops the start. (Text in its',
  'place is taken by providers and hooks; it does not belong there, and editors that know the schema say so.)',
  '',
  '**The environment** goes over the file. Each of these has a twin that ends in `_FILE` and names a file that the value',
  'is read from; the twin wins. An empty variable is as none.',
  '',
  '| Variable | Setting |',
  '| --- | --- |',
  ...Object.entries(fromEnvironment).map(([name, path]) => `| \`${name}\` | \`${path.join('.')}\` |`),
  '',
  '**What is unsafe** stops the start, unless `allowUnsafe` names it:',
  '',
  '| Name | Allows |',
  '| --- | --- |',
  ...unsafeNames.map((name) => `| \`${name}\` | ${unsafeMeanings[name]} |`),
  '',
];

const ofProvider = (kind: ProviderKind): string[] => [
  `### A provider of kind \`${kind.kind}\``,
  '',
  ...tables(`providers.{{name}}`, sectionOf(kind)),
];

const ofMint = (kind: ProviderKind): string[] => [
  `### \`mint\`, for a provider of kind \`${kind.kind}\``,
  '',
  'Text may hold `{{parameter}}`.',
  '',
  ...tables('mint', scopeOf(kind)),
];

function section(name: string, schema: Json, required: boolean): string[] {
  if (!isShaped(schema)) return tables(name, schema, required);
  const sentence = `${schema.description ?? ''}${required ? ' It has to be there.' : ''}`;
  return [sentence, '', ...tables(name, schema, required)];
}

interface Row {
  readonly path: string;
  readonly is: string;
  readonly otherwise: string;
  readonly sentence: string;
}

/** The table of a schema, then one for each shape that a part of it may have. */
function tables(path: string, schema: Json, required = true): string[] {
  const rows: Row[] = [];
  const variants: [path: string, tag: string, schema: Json][] = [];
  collect(path, schema, required, rows, variants);
  // The section itself is told by its heading, unless it is a value.
  const told = isShaped(schema) ? rows.slice(1) : rows;
  return [
    ...(told.length > 0 ? table(told) : []),
    ...variants.flatMap(([where, tag, variant]) => {
      const [own = '', ...inner] = tables(where, variant);
      return [`\`${where}\` with ${tag}:`, '', own, ...inner];
    }),
  ];
}

const table = (rows: readonly Row[]): string[] => [
  '| Setting | Is | Default | Meaning |',
  '| --- | --- | --- | --- |',
  ...rows.map(
    ({ path, is, otherwise, sentence }) => `| \`${path}\` | ${is} | ${otherwise} | ${escaped(sentence)} |`,
  ),
  '',
];

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const isShaped = (schema: Json): boolean =>
  schema.title !== secretTitle &&
  (schema.properties !== undefined ||
    schema.oneOf !== undefined ||
    schema.anyOf?.some(isShaped) === true ||
    isShapedInside(schema.additionalProperties) ||
    isShapedInside(schema.items));
const isShapedInside = (schema: Json | false | undefined): boolean =>
  typeof schema === 'object' && isShaped(schema);

function collect(
  path: string,
  schema: Json,
  required: boolean,
  rows: Row[],
  variants: [path: string, tag: string, schema: Json][],
): void {
  const otherwise = defaultOf(path, schema, required);
  rows.push({ path, is: kindOf(schema), otherwise, sentence: schema.description ?? '' });
  if (schema.title === secretTitle || isOpen(schema)) return;
  for (const holder of [schema, ...(schema.anyOf ?? []).filter(({ title }) => title === undefined)])
    for (const [name, inner] of Object.entries(holder.properties ?? {}))
      collect(`${path}.${name}`, inner, holder.required?.includes(name) ?? false, rows, variants);
  const named = schema.additionalProperties;
  const each: [string, Json | false | undefined][] = [
    [`${path}.{{name}}`, named],
    [`${path}[]`, schema.items],
  ];
  for (const [where, inner] of each) {
    if (typeof inner !== 'object' || !isShaped(inner)) continue;
    for (const [name, part] of Object.entries(inner.properties ?? {}))
      collect(`${where}.${name}`, part, inner.required?.includes(name) ?? false, rows, variants);
    for (const variant of inner.oneOf ?? []) variants.push([where, tagOf(variant), variant]);
  }
  for (const variant of schema.oneOf ?? []) variants.push([path, tagOf(variant), variant]);
}

/** What tells one shape from the others: the property with but one value. */
function tagOf({ properties = {} }: Json): string {
  const [name, schema] = Object.entries(properties).find(([, one]) => one['const'] !== undefined) ?? ['', {}];
  return `\`${name}: ${String(schema['const'])}\``;
}

const code = (value: unknown): string =>
  `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``.replaceAll('|', '\\|');

function defaultOf(path: string, schema: Json, required: boolean): string {
  const value = schema['default'];
  const [variable] = Object.entries(fromEnvironment).find(([, place]) => place.join('.') === path) ?? [];
  if (required) return variable === undefined ? 'required' : `required, here or as \`${variable}\``;
  return value === undefined || JSON.stringify(value) === '{}' ? '' : code(value);
}

/** Takes anything besides what it names: what is in there is somebody else's format. */
const isOpen = ({ additionalProperties: rest }: Json): boolean =>
  typeof rest === 'object' && Object.keys(rest).length === 0;

/** In words: what kind of value it is, and within what bounds. */
function kindOf(schema: Json): string {
  if (schema.title === secretTitle) return 'a secret';
  if (schema['pattern'] === durationPattern) return 'duration';
  if (schema['const'] !== undefined) return code(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map(code).join(', ');
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(' or ');
  if (schema.oneOf) return 'one of the shapes below';
  switch (schema.type) {
    case 'array':
      return `list of ${isSection(schema.items) ? 'sections' : kindOf(schema.items ?? {})}${bounds(schema, 'minItems', 'maxItems')}`;
    case 'integer':
      return `whole number${bounds(schema, 'minimum', 'maximum')}`;
    case 'string':
      return textOf(schema);
    case 'object':
      return objectOf(schema);
    default:
      return [schema.type ?? 'anything'].flat().join(' or ').replace('string', 'text');
  }
}

const isSection = (schema: Json | undefined): boolean => schema?.properties !== undefined;

function textOf(schema: Json): string {
  if (schema['format'] === 'uri') return 'URL';
  if (schema['pattern'] !== undefined) return `text like ${code(schema['pattern'])}`;
  return `text${bounds({ ...schema, ...(schema['minLength'] === 1 && { minLength: undefined }) }, 'minLength', 'maxLength', ' characters')}`;
}

function objectOf(schema: Json): string {
  if (schema.title !== undefined) return `section of ${schema.title}`;
  const [name, ...others] = Object.keys(schema.properties ?? {});
  if (name !== undefined) return others.length === 0 ? `\`{ ${name} }\`` : 'section';
  const inner = schema.additionalProperties;
  return typeof inner === 'object' && !isShaped(inner) && Object.keys(inner).length > 0
    ? `names, each with ${kindOf(inner)}`
    : 'names, each with a section';
}

function bounds(schema: Json, least: string, most: string, unit = ''): string {
  const [from, to] = [schema[least], schema[most]] as (number | undefined)[];
  if (from === undefined && to === undefined) return '';
  if (to === undefined) return `, at least ${from}${unit}`;
  return from === undefined ? `, at most ${to}${unit}` : `, ${from} to ${to}${unit}`;
}
