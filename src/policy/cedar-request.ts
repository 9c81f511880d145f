import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { isSenderConstrained } from '../identity/principal.js';
import type { CatalogEntry, ParameterValues } from './catalog.js';
import type { Reads } from './cedar-reads.js';
import type { Ask } from './decision.js';

type Attributes = Record<string, CedarValueJson>;
type Facts<Source> = Readonly<Record<string, (source: Source) => CedarValueJson>>;

const uid = (type: string, id: string) => ({ type: `Protem::${type}`, id });

/** Everything that the schema may speak of; names are used once, whatever they belong to. */
const agentFacts: Facts<Ask> = {
  id: ({ principal }) => principal.id,
  issuer: ({ principal }) => principal.issuer,
};
const taskFacts: Facts<Ask> = {
  intent: ({ task }) => task.intent,
  openedBy: ({ task }) => task.openedBy,
  onBehalfOf: ({ task }) => task.onBehalfOf ?? '',
  tools: ({ task }) => [...(task.tools ?? [])],
};
const entryFacts: Facts<CatalogEntry> = {
  provider: ({ provider }) => provider,
  sensitivity: ({ sensitivity }) => ({ __entity: uid('Sensitivity', sensitivity) }),
  environment: ({ environment }) => environment,
  riskTier: ({ riskTier }) => riskTier,
};
const verifiedFacts: Facts<Ask> = {
  ttlSeconds: ({ ttlSeconds }) => ttlSeconds,
  renewals: ({ renewals }) => renewals ?? 0,
  senderConstrained: ({ principal }) => isSenderConstrained(principal),
  provedBy: ({ principal }) => principal.provedBy ?? '',
  toolDeclared: ({ task: { tools }, tool }) =>
    tools === undefined || (tool !== undefined && tools.includes(tool)),
};
const assertedFacts: Facts<Ask> = {
  tool: ({ tool }) => tool ?? '',
  reason: ({ asserted }) => asserted.reason ?? '',
};
/** Entities that hold tags, as `verified` names them. */
const references = {
  task: { __entity: uid('Task', 'this') },
  parameters: { __entity: uid('Parameters', 'these') },
  numbers: { __entity: uid('NumberParameters', 'these') },
  sets: { __entity: uid('SetParameters', 'these') },
};
const factNames = [agentFacts, taskFacts, entryFacts, verifiedFacts, assertedFacts, references].flatMap(
  (facts) => Object.keys(facts),
);

/** Every attribute a schema may have: facts are left out of requests where nothing reads them, records never are. */
export const suppliedNames: ReadonlyMap<string, 'fact' | 'record'> = new Map([
  ...[...factNames, 'approved'].map((name) => [name, 'fact'] as const),
  ...['verified', 'asserted'].map((name) => [name, 'record'] as const),
]);

/** What was taken from an ask: all that its request is made of, and nothing besides. */
export interface Gathered {
  readonly agent: string;
  /** There for what is not asked by an agent in the usual way. */
  readonly action?: 'breakGlass';
  readonly entry: string;
  readonly ofAgent: Attributes;
  readonly claims: Attributes;
  readonly ofTask: Attributes;
  readonly labels: Attributes;
  readonly verified: Attributes;
  readonly asserted: Attributes;
  readonly texts: Attributes;
  readonly numbers: Attributes;
  readonly sets: Attributes;
}

export interface RequestPlan {
  gather(ask: Ask): Gathered;
  /** The entity of a catalog entry; the same for every request. */
  entryEntity(entry: CatalogEntry): EntityJson;
  /**
   * The request in Cedar's JSON. What callers say stays strings, as the schema has it: no `__entity` of theirs can be
   * read as one. Ids of tasks and times are not in it, so that equal asks are equal requests.
   */
  request(gathered: Gathered, entry: EntityJson, approved: boolean): CedarRequest;
}

export type CedarRequest = ReturnType<typeof requestOf>;

/** How asks become requests that hold just what the policies read. */
export function planRequests({ attributes, tags, whole }: Reads): RequestPlan {
  const reads = (name: string): boolean => whole || attributes.has(name);
  const pick = <Source>(facts: Facts<Source>): Facts<Source> =>
    Object.fromEntries(Object.entries(facts).filter(([name]) => reads(name)));
  const agent = pick(agentFacts);
  const task = pick(taskFacts);
  const entry = pick(entryFacts);
  const verified = pick(verifiedFacts);
  const asserted = pick(assertedFacts);
  const referred = Object.fromEntries(Object.entries(references).filter(([name]) => reads(name)));
  const approvedIsRead = reads('approved');

  return {
    gather: (ask) => ({
      agent: ask.principal.id,
      ...(ask.action === 'breakGlass' && { action: ask.action }),
      entry: ask.entry.name,
      ofAgent: taken(agent, ask),
      claims: tagsOf(ask.principal.claims, tags, asText),
      ofTask: taken(task, ask),
      labels: tagsOf(ask.task.labels, tags, asText),
      verified: taken(verified, ask),
      asserted: taken(asserted, ask),
      texts: tagsOf(ask.parameters, tags, asTextOnly),
      numbers: tagsOf(ask.parameters, tags, asNumberOnly),
      sets: tagsOf(ask.parameters, tags, asSetOnly),
    }),
    entryEntity: (one) => ({ uid: uid('CatalogEntry', one.name), attrs: taken(entry, one), parents: [] }),
    request: (gathered, entryEntity, approved) =>
      requestOf(gathered, entryEntity, {
        ...gathered.verified,
        ...referred,
        ...(approvedIsRead && { approved }),
      }),
  };
}

function requestOf(gathered: Gathered, entry: EntityJson, verified: Attributes) {
  const agent = uid(gathered.action === 'breakGlass' ? 'Operator' : 'Agent', gathered.agent);
  return {
    principal: agent,
    action: uid('Action', gathered.action ?? 'issue'),
    resource: entry.uid,
    context: { verified, asserted: gathered.asserted },
    entities: [
      { uid: agent, attrs: gathered.ofAgent, parents: [], tags: gathered.claims },
      entry,
      { uid: references.task, attrs: gathered.ofTask, parents: [], tags: gathered.labels },
      { uid: references.parameters, attrs: {}, parents: [], tags: gathered.texts },
      { uid: references.numbers, attrs: {}, parents: [], tags: gathered.numbers },
      { uid: references.sets, attrs: {}, parents: [], tags: gathered.sets },
    ].filter(({ attrs, tags }: EntityJson) => hasKeys(attrs) || hasKeys(tags)),
  };
}

function hasKeys(record: object | undefined): boolean {
  for (const _ in record) return true;
  return false;
}

function taken<Source>(facts: Facts<Source>, source: Source): Attributes {
  const attributes: Attributes = {};
  for (const name in facts) attributes[name] = facts[name]!(source);
  return attributes;
}

type Values = ParameterValues | Ask['task']['labels'];
type Value = ParameterValues[string];

/** The tags that are read and are there. A null prototype, since callers choose the names of labels. */
function tagsOf(
  values: Values,
  names: Reads['tags'],
  as: (value: Value) => CedarValueJson | undefined,
): Attributes {
  const found = Object.create(null) as Attributes;
  for (const name of names === 'all' ? Object.keys(values) : names) {
    const value = Object.hasOwn(values, name) ? as(values[name]!) : undefined;
    if (value !== undefined) found[name] = value;
  }
  return found;
}

const asText = (value: Value): string => String(value);
const asTextOnly = (value: Value) => (typeof value === 'string' ? value : undefined);
const asNumberOnly = (value: Value) => (typeof value === 'number' ? value : undefined);
const asSetOnly = (value: Value) => (Array.isArray(value) ? [...(value as readonly string[])] : undefined);
