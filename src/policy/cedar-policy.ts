import { LRUCache } from 'lru-cache';
import type { CatalogEntry } from './catalog.js';
import { PolicyError, readBundle } from './cedar-bundle.js';
import type { Bundle, CedarPolicy } from './cedar-bundle.js';
import { planRequests } from './cedar-request.js';
import { schemaOfReads } from './cedar-schema.js';
import { openSlices } from './cedar-slices.js';
import type { Answer, Slices } from './cedar-slices.js';
import type { Ask, Decision, Policy } from './decision.js';
import { mintPermit } from './permit.js';

/** A decision without its permit, which is minted anew each time it is used. */
type Verdict =
  | { readonly is: 'permit'; readonly ttlSeconds: number; readonly because: readonly string[] }
  | Exclude<Decision, { is: 'permit' }>;

/** A policy that is parsed in the engine, until it is closed; a closed one denies everything. */
export interface LoadedPolicy extends Policy {
  close(): void;
}

export interface PolicyFolder {
  readonly directory: string;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
}

/** Verdicts are remembered up to this many characters of requests. */
const memoryCharacters = 16_000_000;
const verdictCharacters = 200;

/** Loads the policies of a folder. Throws PolicyError with every problem; nothing that is in force changes by it. */
export function loadPolicy({ directory, catalog }: PolicyFolder): LoadedPolicy {
  const bundle = readBundle(directory, catalog);
  const schema = schemaOfReads(bundle.schema, bundle.reads);
  const slices = opened(() => openSlices(bundle.policies, schema, catalog.keys()));
  const verdictOf = rememberingJudge(bundle, slices, catalog);
  let open = true;
  return {
    digest: bundle.digest,
    catalog,
    close() {
      open = false;
      slices.close();
    },
    decide(ask) {
      const verdict = open ? verdictOf(ask) : failed('this policy is no longer in force');
      if (verdict.is !== 'permit') return verdict;
      const { ttlSeconds, because } = verdict;
      const permit = mintPermit({ ttlSeconds, because, policyDigest: bundle.digest });
      return { is: 'permit', because, permit };
    },
  };
}

function opened(open: () => Slices): Slices {
  try {
    return open();
  } catch (error) {
    throw new PolicyError([(error as Error).message]);
  }
}

/**
 * A verdict is a function of the request and the bundle alone, and all that the request is made of is in the key: so
 * remembering is exact (POL-02), and a reload starts with nothing remembered. Errors are not remembered.
 */
function rememberingJudge(bundle: Bundle, slices: Slices, catalog: PolicyFolder['catalog']) {
  const plan = planRequests(bundle.reads);
  const entities = new Map([...catalog].map(([name, entry]) => [name, plan.entryEntity(entry)]));
  const byId = new Map(bundle.policies.map((policy) => [policy.id, policy]));
  const remembered = new LRUCache<string, Verdict>({
    maxSize: memoryCharacters,
    sizeCalculation: (_verdict, key) => key.length + verdictCharacters,
  });

  return (ask: Ask): Verdict => {
    try {
      const gathered = plan.gather(ask);
      const key = JSON.stringify(ask.approved ? [gathered] : gathered);
      const known = remembered.get(key);
      if (known) return known;
      if (hasLoneSurrogate(key)) return failed('the request holds text that is no Unicode');
      const entity = entities.get(gathered.entry);
      if (!entity) return failed('the catalog of this policy has no such entry');
      const longest = catalog.get(gathered.entry)!.maximumTtlSeconds;
      const verdict = judge(
        (approved) => slices.evaluate(gathered.entry, plan.request(gathered, entity, approved)),
        byId,
        longest,
        ask.approved === true,
      );
      if (verdict.is !== 'deny' || verdict.errors.length === 0) remembered.set(key, verdict);
      return verdict;
    } catch (error) {
      return failed(String(error));
    }
  };
}

const failed = (error: string): Verdict => ({ is: 'deny', because: [], errors: [error] });

/** The engine throws over such text in the middle of reading it. JSON.stringify writes it, and only it, as `\ud...`. */
const hasLoneSurrogate = (json: string): boolean =>
  json.includes('\\ud') && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(json);

function judge(
  evaluate: (approved: boolean) => Answer,
  byId: ReadonlyMap<string, CedarPolicy>,
  longestSeconds: number,
  approved: boolean,
): Verdict {
  const { allowed, because, errors } = evaluate(approved);
  if (allowed) {
    const ceilings = because.map((id) => byId.get(id)?.maximumTtlSeconds ?? longestSeconds);
    return { is: 'permit', because, ttlSeconds: Math.min(longestSeconds, ...ceilings) };
  }
  const asking = because.map((id) => byId.get(id)?.ask);
  if (approved || errors.length > 0 || asking.length === 0 || asking.includes(undefined))
    return { is: 'deny', because, errors };
  const ifApproved = evaluate(true);
  return ifApproved.allowed
    ? {
        is: 'ask',
        because,
        approvers: [...new Set(asking.flatMap((roles) => roles ?? []))],
        persons: Math.max(...because.map((id) => byId.get(id)?.persons ?? 1)),
      }
    : { is: 'deny', because, errors: ifApproved.errors };
}
