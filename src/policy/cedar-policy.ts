import { LRUCache } from 'lru-cache';
import type { CatalogEntry } from './catalog.js';
import { asPolicySet, PolicyError, readBundle } from './cedar-bundle.js';
import type { Bundle, CedarPolicy } from './cedar-bundle.js';
import { cedar } from './cedar-engine.js';
import { cedarRequest, memoKey } from './cedar-request.js';
import type { Ask, Decision, Policy } from './decision.js';
import { mintPermit } from './permit.js';

/** A decision without its permit, which is minted anew each time it is used. */
type Verdict =
  | { readonly is: 'permit'; readonly ttlSeconds: number; readonly because: readonly string[] }
  | Exclude<Decision, { is: 'permit' }>;

interface Answer {
  readonly allowed: boolean;
  readonly because: readonly string[];
  readonly errors: readonly string[];
}

const rememberedVerdicts = 20_000;

export interface PolicyFolder {
  readonly directory: string;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  /**
   * The engine keeps parsed sets for good, under their names: whoever reloads alternates between two names, so that
   * the one in force is not touched and nothing piles up.
   */
  readonly name: string;
}

/**
 * Loads the policies of a folder. Throws PolicyError with every problem; nothing that was in force changes by it.
 * Each catalog entry has a slice: the policies whose scope can match it. What is left out of a slice could never have
 * applied, so the answers are those of the whole set, for a fraction of the time.
 */
export function loadPolicy(options: PolicyFolder): Policy {
  const { catalog } = options;
  const bundle = readBundle(options.directory, catalog);
  const prefix = options.name;
  parseSchema(prefix, bundle);
  for (const name of catalog.keys()) parseSlice(`${prefix}-${name}`, sliceFor(name, bundle.policies));
  const byId = new Map(bundle.policies.map((policy) => [policy.id, policy]));
  const verdicts = new LRUCache<string, Verdict>({ max: rememberedVerdicts });

  return {
    digest: bundle.digest,
    catalog,
    decide(ask) {
      const key = memoKey(ask);
      let verdict = verdicts.get(key);
      if (!verdict) {
        verdict = judge((approved) => evaluate(prefix, ask, approved), byId);
        if (verdict.is !== 'deny' || verdict.errors.length === 0) verdicts.set(key, verdict);
      }
      if (verdict.is !== 'permit') return verdict;
      const { ttlSeconds, because } = verdict;
      return {
        is: 'permit',
        because,
        permit: mintPermit({ ttlSeconds, because, policyDigest: bundle.digest }),
      };
    },
  };
}

/** Every policy that is not tied to another entry; a forbid that is tied to none is in every slice. */
export const sliceFor = (entry: string, policies: readonly CedarPolicy[]): CedarPolicy[] =>
  policies.filter(({ onlyEntry }) => onlyEntry === undefined || onlyEntry === entry);

function parseSchema(name: string, bundle: Bundle): void {
  const parsed = cedar.preparseSchema(name, bundle.schema);
  if (parsed.type === 'failure') throw new PolicyError(parsed.errors.map(({ message }) => message));
}

function parseSlice(name: string, policies: readonly CedarPolicy[]): void {
  const parsed = cedar.preparsePolicySet(name, asPolicySet(policies));
  if (parsed.type === 'failure') throw new PolicyError(parsed.errors.map(({ message }) => message));
}

/** POL-08: Cedar skips a policy whose condition fails, a forbid too; any error at all is therefore a no. */
function evaluate(prefix: string, ask: Ask, approved: boolean): Answer {
  try {
    const answer = cedar.statefulIsAuthorized({
      ...cedarRequest(ask, approved),
      preparsedSchemaName: prefix,
      validateRequest: true,
      preparsedPolicySetId: `${prefix}-${ask.entry.name}`,
    });
    if (answer.type === 'failure')
      return { allowed: false, because: [], errors: answer.errors.map(({ message }) => message) };
    const { decision, diagnostics } = answer.response;
    const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
    const because = [...diagnostics.reason].sort();
    return { allowed: decision === 'allow' && errors.length === 0 && because.length > 0, because, errors };
  } catch (error) {
    return { allowed: false, because: [], errors: [String(error)] };
  }
}

function judge(evaluateWith: (approved: boolean) => Answer, byId: ReadonlyMap<string, CedarPolicy>): Verdict {
  const { allowed, because, errors } = evaluateWith(false);
  if (allowed) {
    const ceilings = because.map((id) => byId.get(id)?.maximumTtlSeconds ?? Infinity);
    return { is: 'permit', because, ttlSeconds: Math.min(...ceilings) };
  }
  const asking = because.map((id) => byId.get(id)?.ask);
  const onlyAsking = errors.length === 0 && asking.length > 0 && asking.every((roles) => roles !== undefined);
  if (onlyAsking && evaluateWith(true).allowed)
    return {
      is: 'ask',
      because,
      approvers: [...new Set(asking.flat().filter((role) => role !== undefined))],
    };
  return { is: 'deny', because, errors };
}
