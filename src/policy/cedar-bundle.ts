import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DetailedError, PolicyJson, SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Tool } from '../task/chain.js';
import type { CatalogEntry } from './catalog.js';
import { readAnnotations } from './cedar-annotations.js';
import type { Annotated } from './cedar-annotations.js';
import { cedar } from './cedar-engine.js';
import { readsOf } from './cedar-reads.js';
import type { Reads } from './cedar-reads.js';
import { unsuppliedAttributes } from './cedar-schema.js';

export interface CedarPolicy extends Annotated {
  readonly text: string;
  readonly json: PolicyJson;
  readonly file: string;
  /** Of its first line, from 1. */
  readonly line: number;
  /** The one catalog entry that its scope is tied to, when it is. */
  readonly onlyEntry: string | undefined;
}

export interface Bundle {
  readonly policies: readonly CedarPolicy[];
  readonly schema: SchemaJson<string>;
  readonly reads: Reads;
  readonly digest: string;
  /** SHA-256 in hex of each file that it was read from, by name: what `sha256sum` says of it. */
  readonly files: Readonly<Record<string, string>>;
}

/** Everything that is wrong with a bundle, at once. */
export class PolicyError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The policies cannot be used:\n  ${problems.join('\n  ')}`);
    this.name = 'PolicyError';
    this.problems = problems;
  }
}

const schemaFile = 'protem.cedarschema';

/** Reads and checks `*.cedar` and `protem.cedarschema` of a folder. Throws PolicyError with every problem. */
export function readBundle(
  directory: string,
  catalog: ReadonlyMap<string, CatalogEntry>,
  tools: ReadonlyMap<string, Tool> = new Map(),
): Bundle {
  const problems: string[] = [];
  const texts = new Map(
    listed(directory, problems).map((file) => [file, textOf(directory, file, problems)] as const),
  );
  const policies = [...texts].flatMap(([file, text]) => readPolicies(file, text, problems));
  problems.push(...repeatedIds(policies));
  const schemaText = textOf(directory, schemaFile, problems);
  const schema = problems.some((problem) => problem.startsWith(schemaFile))
    ? undefined
    : readSchema(schemaText, problems);
  if (schema) problems.push(...validate(policies, schemaText));
  for (const policy of policies)
    for (const name of entriesNamedIn(policy.json))
      if (!catalog.has(name)) problems.push(`${whereOf(policy)}: there is no catalog entry "${name}"`);
  if (problems.length > 0 || !schema) throw new PolicyError(problems);
  const digest = sha256(
    JSON.stringify([policies.map(({ id, text }) => [id, text]), schemaText, [...catalog], [...tools]]),
  );
  const files = Object.fromEntries(
    [...texts, [schemaFile, schemaText]].map(([file, text]) => [file!, sha256(text!)]),
  );
  return { policies, schema, reads: readsOf(policies.map(({ json }) => json.conditions)), digest, files };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `@id` is the id only when it is given beside the text: a set given as one text has policy0, policy1 ... */
export const asPolicySet = (policies: readonly CedarPolicy[]) => ({
  staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])),
});

const whereOf = ({ file, line, id }: CedarPolicy): string => `${file}:${line}: @id("${id}")`;

function listed(directory: string, problems: string[]): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.cedar'))
      .sort();
  } catch (error) {
    problems.push(`${directory}: ${(error as Error).message}`);
    return [];
  }
}

function textOf(directory: string, file: string, problems: string[]): string {
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch (error) {
    problems.push(`${file}: ${(error as Error).message}`);
    return '';
  }
}

function readSchema(text: string, problems: string[]): SchemaJson<string> | undefined {
  const parsed = cedar.schemaToJson(text);
  if (parsed.type === 'failure') {
    problems.push(...parsed.errors.map((error) => describe(error, schemaFile, text)));
    return undefined;
  }
  for (const name of unsuppliedAttributes(parsed.json))
    problems.push(`${schemaFile}: the broker has no attribute "${name}" to give`);
  return parsed.json;
}

/** Cedar's offsets count bytes of UTF-8. */
const lineAt = (text: string, offset: number): number =>
  Buffer.from(text).subarray(0, offset).toString().split('\n').length;

function describe(error: DetailedError, file: string, text: string, firstLine = 1): string {
  const [place] = error.sourceLocations ?? [];
  const line = place ? firstLine + lineAt(text, place.start) - 1 : firstLine;
  const hint = [place?.label, error.help].filter(Boolean).join('; ');
  return `${file}:${line}: ${error.message}${hint && ` (${hint})`}`;
}

function readPolicies(file: string, text: string, problems: string[]): CedarPolicy[] {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') {
    for (const error of parts.errors)
      problems.push(...[error, ...(error.related ?? [])].map((one) => describe(one, file, text)));
    return [];
  }
  for (const template of parts.policy_templates)
    problems.push(`${file}:${lineOf(template, text)}: templates are not supported`);
  return parts.policies
    .map((policy) => readPolicy(file, lineOf(policy, text), policy, problems))
    .filter((policy) => policy !== undefined);
}

const lineOf = (part: string, text: string): number =>
  text.slice(0, Math.max(0, text.indexOf(part))).split('\n').length;

function readPolicy(file: string, line: number, text: string, problems: string[]): CedarPolicy | undefined {
  const parsed = cedar.policyToJson(text);
  if (parsed.type === 'failure') {
    problems.push(...parsed.errors.map((error) => describe(error, file, text, line)));
    return undefined;
  }
  const { json } = parsed;
  const { annotated, problems: found } = readAnnotations(json.annotations ?? {}, json.effect);
  const policy = { ...annotated, text, json, file, line, onlyEntry: onlyEntryOf(json) };
  const wrong = (problem: string) => problems.push(`${whereOf(policy)}: ${problem}`);
  found.forEach(wrong);
  if (policy.ask && !readsOf(json.conditions).attributes.has('approved'))
    wrong('@ask needs "unless { context.verified.approved }": no approval could ever lift this forbid');
  if (policy.reauthenticate && !readsOf(json.conditions).attributes.has('proofFresh'))
    wrong(
      '@reauthenticate needs "unless { context.verified.proofFresh }": no new token could lift this forbid',
    );
  if (policy.hardDeny && !holdsInEmergencies(json.action))
    wrong('@hard_deny must leave its action open, or name "issue" and "breakGlass": it holds for both');
  return policy;
}

/** Whether a policy of this action speaks of what agents ask for and of break-glass alike. */
function holdsInEmergencies(action: PolicyJson['action']): boolean {
  if (action.op === 'All') return true;
  const named = action.op === 'in' && 'entities' in action ? action.entities : [];
  const ids = named.map((entity) => ('__entity' in entity ? entity.__entity.id : entity.id));
  return ['issue', 'breakGlass'].every((id) => ids.includes(id));
}

function repeatedIds(policies: readonly CedarPolicy[]): string[] {
  const first = new Map<string, CedarPolicy>();
  return policies.flatMap((policy) => {
    const before = first.get(policy.id);
    first.set(policy.id, before ?? policy);
    return before && policy.id !== ''
      ? [`${whereOf(policy)}: the id is that of ${before.file}:${before.line} too`]
      : [];
  });
}

/**
 * `validate` says "success" even where it lists errors. Warnings count too: a policy that can never apply, or text
 * that reads differently from what it says, is a mistake here.
 */
function validate(policies: readonly CedarPolicy[], schema: string): string[] {
  // Not by id alone: of two with one id, both are to be checked.
  const named = new Map(policies.map((policy) => [`${policy.id} (${policy.file}:${policy.line})`, policy]));
  const answer = cedar.validate({
    schema,
    policies: { staticPolicies: Object.fromEntries([...named].map(([name, { text }]) => [name, text])) },
    validationSettings: { mode: 'strict' },
  });
  if (answer.type === 'failure') return answer.errors.map(({ message }) => message);
  return [
    ...[...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) => {
      const { file = schemaFile, text = '', line = 1 } = named.get(policyId) ?? {};
      return describe(error, file, text, line).replace(` (${file}:${line})`, '');
    }),
    ...answer.otherWarnings.map((error) => describe(error, schemaFile, schema)),
  ];
}

const entryType = 'Protem::CatalogEntry';

function onlyEntryOf({ resource }: PolicyJson): string | undefined {
  if (resource.op !== '==' || !('entity' in resource)) return undefined;
  const { type, id } = '__entity' in resource.entity ? resource.entity.__entity : resource.entity;
  return type === entryType ? id : undefined;
}

/** A misspelt name in a forbid would forbid nothing, and nobody would see it. */
function entriesNamedIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  if ('type' in part && part.type === entryType && 'id' in part) return [String(part.id)];
  return Object.values(part).flatMap(entriesNamedIn);
}
