import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import { asPolicySet } from './cedar-bundle.js';
import type { CedarPolicy } from './cedar-bundle.js';
import { cedar } from './cedar-engine.js';
import type { CedarRequest } from './cedar-request.js';

/** What Cedar says. Allowed only when nothing failed and some policy permits. */
export interface Answer {
  readonly allowed: boolean;
  readonly because: readonly string[];
  readonly errors: readonly string[];
}

export interface Slices {
  evaluate(entry: string, request: CedarRequest): Answer;
  /** Gives the names back to the next bundle; from here on every answer is a no with an error. */
  close(): void;
}

/**
 * Cedar keeps what it has parsed for good, under its name, in a table of the module; the table of what is taken has to
 * stand beside it. A name is used again once its bundle is closed: whoever reloads alternates between two, and nothing
 * piles up.
 */
const generationsInUse = new Set<number>();

function takeGeneration(): number {
  let generation = 0;
  while (generationsInUse.has(generation)) generation++;
  generationsInUse.add(generation);
  return generation;
}

/** Every policy that is not tied to another entry; a forbid that is tied to none is in every slice. */
export const sliceFor = (entry: string, policies: readonly CedarPolicy[]): CedarPolicy[] =>
  policies.filter(({ onlyEntry }) => onlyEntry === undefined || onlyEntry === entry);

/**
 * For each catalog entry the policies whose scope can match it, parsed once. What is left out of a slice could never
 * have applied, so the answers are those of the whole set, for a fraction of the time. Entries with the same policies
 * share a slice.
 */
export function openSlices(
  policies: readonly CedarPolicy[],
  schema: SchemaJson<string>,
  entries: Iterable<string>,
): Slices {
  const generation = `generation-${takeGeneration()}`;
  const nameOfIds = new Map<string, string>();
  const nameOfEntry = new Map<string, string>();
  let open = true;

  function close(): void {
    if (!open) return;
    open = false;
    for (const name of nameOfIds.values()) cedar.preparsePolicySet(name, { staticPolicies: {} });
    generationsInUse.delete(Number(generation.slice('generation-'.length)));
  }

  try {
    must(cedar.preparseSchema(generation, schema));
    for (const entry of entries) {
      const slice = sliceFor(entry, policies);
      const ids = slice.map(({ id }) => id).join(' ');
      const name = nameOfIds.get(ids) ?? `${generation}/${nameOfIds.size}`;
      if (!nameOfIds.has(ids)) must(cedar.preparsePolicySet(name, asPolicySet(slice)));
      nameOfIds.set(ids, name);
      nameOfEntry.set(entry, name);
    }
  } catch (error) {
    close();
    throw error;
  }

  return {
    close,
    evaluate(entry, request) {
      const name = nameOfEntry.get(entry);
      if (!open) return failed('this policy is no longer in force');
      if (name === undefined) return failed('the catalog of this policy has no such entry');
      return evaluate(name, generation, request);
    },
  };
}

function must(parsed: ReturnType<typeof cedar.preparseSchema>): void {
  if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('; '));
}

const failed = (...errors: string[]): Answer => ({ allowed: false, because: [], errors });

/** POL-08: Cedar skips a policy whose condition fails, a forbid too; any error at all is therefore a no. */
function evaluate(preparsedPolicySetId: string, preparsedSchemaName: string, request: CedarRequest): Answer {
  try {
    const answer = cedar.statefulIsAuthorized({
      ...request,
      preparsedSchemaName,
      preparsedPolicySetId,
      validateRequest: true,
    });
    if (answer.type === 'failure') return failed(...answer.errors.map(({ message }) => message));
    const { decision, diagnostics } = answer.response;
    const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`).sort();
    const because = [...diagnostics.reason].sort();
    return { allowed: decision === 'allow' && errors.length === 0 && because.length > 0, because, errors };
  } catch (error) {
    return failed(String(error));
  }
}
