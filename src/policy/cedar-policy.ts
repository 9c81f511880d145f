import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Tool } from '../task/chain.js';
import type { CatalogEntry } from './catalog.js';
import { PolicyError, readBundle } from './cedar-bundle.js';
import type { Bundle, CedarPolicy } from './cedar-bundle.js';
import { noEntry, planRequests } from './cedar-request.js';
import type { Lifted } from './cedar-request.js';
import { schemaOfReads } from './cedar-schema.js';
import { openSlices } from './cedar-slices.js';
import type { Answer, Slices } from './cedar-slices.js';
import { askedFor } from './asked-for.js';
import type { Because, Decision, Obligation, Policy, Question } from './decision.js';
import { mintPermit } from './permit.js';

/** A decision without its permit, which is minted anew each time it is used. */
type Verdict =
  | {
      readonly is: 'permit';
      readonly ttlSeconds: number;
      readonly because: readonly string[];
      readonly obligations: readonly Obligation[];
    }
  | Exclude<Decision, { is: 'permit' }>;

/** A policy that is parsed in the engine, until it is closed; a closed one denies everything. */
export interface LoadedPolicy extends Policy {
  readonly files: Bundle['files'];
  /** Text by id. */
  readonly policies: ReadonlyMap<string, string>;
  close(): void;
}

export interface PolicyFolder {
  readonly directory: string;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  readonly tools?: ReadonlyMap<string, Tool> | undefined;
}

/** A verdict with its key takes half a kilobyte. */
const rememberedVerdicts = 30_000;

/** Loads the policies of a folder. Throws PolicyError with every problem; nothing that is in force changes by it. */
export function loadPolicy({ directory, catalog, tools = new Map() }: PolicyFolder): LoadedPolicy {
  const bundle = readBundle(directory, catalog, tools);
  const schema = schemaOfReads(bundle.schema, bundle.reads);
  const slices = opened(() => openSlices(bundle.policies, schema, [...catalog.keys(), noEntry]));
  const verdictOf = rememberingJudge(bundle, slices, catalog);
  let open = true;
  return {
    digest: bundle.digest,
    files: bundle.files,
    policies: new Map(bundle.policies.map(({ id, text }) => [id, text])),
    catalog,
    tools,
    close() {
      open = false;
      slices.close();
    },
    decide(ask) {
      const verdict = open ? verdictOf(ask) : failed('this policy is no longer in force');
      if (verdict.is !== 'permit') return verdict;
      const { ttlSeconds, because, obligations } = verdict;
      const permit = mintPermit({ ttlSeconds, because, policyDigest: bundle.digest });
      return { is: 'permit', because, permit, ...(obligations.length > 0 && { obligations }) };
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
 * remembering is exact (POL-02), and a reload starts with nothing remembered. What is kept is a digest of the request,
 * because thousands of requests kept whole make every garbage collection long. Errors are not remembered.
 */
function rememberingJudge(bundle: Bundle, slices: Slices, catalog: PolicyFolder['catalog']) {
  const plan = planRequests(bundle.reads);
  const entities = new Map([...catalog].map(([name, entry]) => [name, plan.entryEntity(entry)]));
  const byId = new Map(bundle.policies.map((policy) => [policy.id, policy]));
  const remembered = new LRUCache<string, Verdict>({ max: rememberedVerdicts });

  return (ask: Question): Verdict => {
    try {
      const gathered = plan.gather(ask);
      const text = JSON.stringify(ask.approved ? [gathered] : gathered);
      const key = hash('sha256', text, 'base64');
      const known = remembered.get(key);
      if (known) return known;
      if (hasLoneSurrogate(text)) return failed('the request holds text that is no Unicode');
      const entity = ask.entry ? entities.get(ask.entry.name) : plan.resourceOf(ask);
      if (!entity) return failed('the catalog of this policy has no such entry');
      const longest = catalog.get(gathered.entry)?.maximumTtlSeconds ?? Infinity;
      const verdict = judge(
        (lifted) => slices.evaluate(gathered.entry, plan.request(gathered, entity, lifted)),
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

/** `standing`: what still forbids it when everything that can be lifted is. */
const denied = (because: Because, errors: readonly string[], standing: Because): Verdict => ({
  is: 'deny',
  because,
  errors,
  ...(errors.length === 0 && standing.length === 0 && { unpermitted: true }),
});

function judge(
  evaluate: (lifted: Lifted) => Answer,
  byId: ReadonlyMap<string, CedarPolicy>,
  longestSeconds: number,
  approved: boolean,
): Verdict {
  const given: Lifted = approved ? { approved } : {};
  const { allowed, because, errors } = evaluate(given);
  if (allowed) {
    const ceilings = because.map((id) => byId.get(id)?.maximumTtlSeconds ?? longestSeconds);
    const obligations = because.flatMap((policy) =>
      (byId.get(policy)?.duties ?? []).map((duty) => ({ policy, duty })),
    );
    return { is: 'permit', because, ttlSeconds: Math.min(longestSeconds, ...ceilings), obligations };
  }
  const deciding = because.map((id) => byId.get(id));
  const asking = deciding.filter((policy) => policy?.ask);
  const stale = deciding.some((policy) => policy?.reauthenticate);
  const liftable = deciding.every((policy) => policy?.ask ?? policy?.reauthenticate);
  const askedInVain = approved && asking.length > 0;
  if (errors.length > 0 || deciding.length === 0 || !liftable || askedInVain)
    return denied(because, errors, because);
  const lifted = evaluate({
    ...given,
    ...(asking.length > 0 && { approved: true }),
    ...(stale && { proofFresh: true }),
  });
  if (!lifted.allowed) return denied(because, lifted.errors, lifted.because);
  // Who it is comes before what a person thinks of it.
  if (stale) return { is: 'deny', because, errors: [], needsFreshProof: true };
  return askedFor(
    because,
    asking.map((policy) => ({ approvers: policy?.ask ?? [], persons: policy?.persons ?? 1 })),
  );
}
