import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDuration } from '../kernel/duration.js';
import type { CatalogEntry } from './catalog.js';
import { cedar } from './cedar-engine.js';

export interface CedarPolicy {
  readonly id: string;
  readonly text: string;
  readonly forbids: boolean;
  /** The one catalog entry that its scope is tied to, when it is. */
  readonly onlyEntry: string | undefined;
  /** Who is to be asked, for a forbid with @ask. */
  readonly ask: readonly string[] | undefined;
  readonly maximumTtlSeconds: number | undefined;
}

export interface Bundle {
  readonly policies: readonly CedarPolicy[];
  readonly schema: string;
  readonly digest: string;
}

/** Everything that is wrong with a bundle, at once. */
export class PolicyError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The policies cannot be used:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/** Reads and checks `*.cedar` and `protem.cedarschema` of a folder. Throws PolicyError. */
export function readBundle(directory: string, catalog: ReadonlyMap<string, CatalogEntry>): Bundle {
  const problems: string[] = [];
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.cedar'))
    .sort();
  const policies = files.flatMap((file) =>
    readFile(file, readFileSync(join(directory, file), 'utf8'), problems),
  );
  for (const [index, { id }] of policies.entries())
    if (policies.findIndex((other) => other.id === id) !== index) problems.push(`@id("${id}") is used twice`);
  const schema = readFileSync(join(directory, 'protem.cedarschema'), 'utf8');
  if (problems.length === 0) problems.push(...validate(policies, schema));
  if (problems.length > 0) throw new PolicyError(problems);
  const digest = createHash('sha256')
    .update(JSON.stringify([policies.map(({ id, text }) => [id, text]), schema, [...catalog]]))
    .digest('hex');
  return { policies, schema, digest };
}

export const asPolicySet = (policies: readonly CedarPolicy[]) => ({
  staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])),
});

function readFile(file: string, text: string, problems: string[]): CedarPolicy[] {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') {
    problems.push(...parts.errors.map(({ message }) => `${file}: ${message}`));
    return [];
  }
  if (parts.policy_templates.length > 0) problems.push(`${file}: templates are not supported`);
  return parts.policies.flatMap((policy) => readPolicy(file, policy, problems) ?? []);
}

function readPolicy(file: string, text: string, problems: string[]): CedarPolicy | undefined {
  const parsed = cedar.policyToJson(text);
  if (parsed.type === 'failure') {
    problems.push(...parsed.errors.map(({ message }) => `${file}: ${message}`));
    return undefined;
  }
  const { effect, resource, annotations = {} } = parsed.json;
  const id = annotations['id'];
  const where = `${file}: ${id === undefined ? text.slice(0, 60).replaceAll('\n', ' ') : `@id("${id}")`}`;
  const refuse = (problem: string) => void problems.push(`${where}: ${problem}`);
  if (!id) refuse('every policy needs an @id("...")');
  const ttl = annotations['maximumTtl'];
  const maximumTtlSeconds = ttl === undefined ? undefined : parseDuration(ttl);
  if (ttl !== undefined && maximumTtlSeconds === undefined)
    refuse('@maximumTtl is no duration such as "15m"');
  if (ttl !== undefined && effect !== 'permit') refuse('@maximumTtl belongs on a permit');
  const ask = annotations['ask'];
  if (ask !== undefined && effect !== 'forbid') refuse('@ask belongs on a forbid');
  return {
    id: id ?? '',
    text,
    forbids: effect === 'forbid',
    onlyEntry: resource.op === '==' && 'entity' in resource ? entryOf(resource.entity) : undefined,
    ask: ask?.split(',').map((role) => role.trim()),
    maximumTtlSeconds,
  };
}

function entryOf(uid: object): string | undefined {
  const { type, id } = ('__entity' in uid ? uid.__entity : uid) as { type: string; id: string };
  return type === 'Protem::CatalogEntry' ? id : undefined;
}

/** `validate` says "success" even where it lists errors. */
function validate(policies: readonly CedarPolicy[], schema: string): string[] {
  const answer = cedar.validate({
    schema,
    policies: asPolicySet(policies),
    validationSettings: { mode: 'strict' },
  });
  if (answer.type === 'failure') return answer.errors.map(({ message }) => message);
  return answer.validationErrors.map(({ policyId, error }) =>
    [`@id("${policyId}"): ${error.message}`, error.help].filter(Boolean).join('; '),
  );
}
