import { z } from 'zod';
import type { ProviderKind } from '../issuance/provider.js';
import { durationPattern, formatDuration } from '../kernel/duration.js';
import { fromEnvironment } from './read.js';
import { settingsSchema } from './schema.js';

/** A schema in the parts of JSON Schema draft 7 that zod writes. */
export interface Json {
  [key: string]: unknown;
  type?: string;
  title?: string;
  description?: string;
  properties?: Record<string, Json>;
  additionalProperties?: Json | false;
  items?: Json;
  anyOf?: Json[];
  oneOf?: Json[];
  required?: string[];
}

/** Where a secret is: the only form that a settings file has for one. */
export const secretTitle = 'secret';
const secretShape = (): Json => ({
  title: secretTitle,
  anyOf: ['env', 'file'].map((name) => ({
    type: 'object',
    properties: { [name]: { type: 'string', minLength: 1 } },
    required: [name],
    additionalProperties: false,
  })),
});

/** What a settings file may hold, for editors; without the demand for what the environment can give. */
export function settingsJsonSchema(kinds: ReadonlyMap<string, ProviderKind>): Json {
  const schema = wholeSchema(kinds);
  for (const path of Object.values(fromEnvironment)) forgive(schema, path);
  return { title: 'Settings of Protem', ...schema };
}

/** Every section of the settings, and those of each kind of provider in their places. */
export function wholeSchema(kinds: ReadonlyMap<string, ProviderKind>): Json {
  const schema = asJson(settingsSchema);
  const { providers, catalog } = schema.properties ?? {};
  const entry = catalog?.additionalProperties;
  if (!providers || !entry || !entry.properties?.['mint'])
    throw new TypeError('the settings have other sections');
  providers.additionalProperties = { anyOf: [...kinds.values()].map(sectionOf) };
  entry.properties['mint'] = {
    description: entry.properties['mint'].description ?? '',
    anyOf: [...kinds.values()].map((kind) => ({ ...scopeOf(kind), title: kind.kind })),
  };
  return schema;
}

/** A provider's section of the settings, `kind` first. */
export function sectionOf({ kind, settings }: ProviderKind): Json {
  const section = bare(asJson(settings));
  return {
    ...section,
    title: kind,
    properties: {
      kind: { const: kind, description: 'Which kind of provider it is.' },
      ...section.properties,
    },
    required: ['kind', ...(section.required ?? [])],
  };
}

/** A provider's section of a catalog entry: `mint`. */
export const scopeOf = ({ scope }: ProviderKind): Json => bare(asJson(scope));

const bare = ({ $schema: _dialect, ...schema }: Json): Json => schema;

function asJson(schema: z.ZodType): Json {
  const written = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override({ zodSchema: { _zod }, jsonSchema }) {
      const json = jsonSchema as Json;
      const { def } = _zod;
      // Of all settings only secrets have no JSON of their own: they come as a value that is no JSON.
      if (def.type === 'custom') Object.assign(json, secretShape());
      // zod leaves out the default of what is transformed. That of a duration is in seconds; in a file it is text.
      if (def.type === 'default')
        json['default'] ??= spelled((def as z.core.$ZodDefaultDef).defaultValue, json);
    },
  }) as Json;
  return tidy(written);
}

const spelled = (value: unknown, json: Json): unknown =>
  json['pattern'] === durationPattern ? formatDuration(value as number) : value;

/** One way to give a secret, and no bounds that only say what a number is. */
function tidy(json: Json): Json {
  const secret = json.anyOf?.find((one) => one.title === secretTitle);
  if (secret) {
    const { anyOf: _ways, ...rest } = json;
    return { ...rest, ...secret };
  }
  return Object.fromEntries(
    Object.entries(json)
      .filter(([, value]) => value !== Number.MAX_SAFE_INTEGER && value !== Number.MIN_SAFE_INTEGER)
      .map(([key, value]) => [key, key === 'default' ? value : tidyPart(value, key === 'properties')]),
  );
}

function tidyPart(value: unknown, areProperties = false): unknown {
  if (Array.isArray(value)) return value.map((item) => tidyPart(item));
  if (typeof value !== 'object' || value === null) return value;
  if (!areProperties) return tidy(value as Json);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, tidy(part as Json)]));
}

/** What the environment can give need not stand in the file, nor what would hold nothing else that has to. */
function forgive(schema: Json, path: readonly string[]): void {
  const [name, ...rest] = path;
  const inner = name === undefined ? undefined : schema.properties?.[name];
  if (name === undefined || !inner) return;
  forgive(inner, rest);
  if (rest.length > 0 && (inner.required ?? []).length > 0) return;
  const required = schema.required?.filter((one) => one !== name) ?? [];
  if (required.length > 0) schema.required = required;
  else delete schema.required;
}
