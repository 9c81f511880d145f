import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { isSenderConstrained } from '../identity/principal.js';
import type { CatalogEntry, ParameterValues } from './catalog.js';
import type { Reads } from './cedar-reads.js';
import { emptyChain } from '../task/chain.js';
import type { Question } from './decision.js';

type Attributes = Record<string, CedarValueJson>;
type Facts<Source> = Readonly<Record<string, (source: Source) => CedarValueJson>>;

const uid = (type: string, id: string) => ({ type: `Protem::${type}`, id });

/** Everything that the schema may speak of; names are used once, whatever they belong to. */
const agentFacts: Facts<Question> = {
  id: ({ principal }) => principal.id,
  issuer: ({ principal }) => principal.issuer,
};
const taskFacts: Facts<Question> = {
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
const verifiedFacts: Facts<Question> = {
  ttlSeconds: ({ ttlSeconds }) => ttlSeconds ?? 0,
  renewals: ({ renewals }) => renewals ?? 0,
  risk: ({ risk }) => risk ?? 0,
  senderConstrained: ({ principal }) => isSenderConstrained(principal),
  encrypted: ({ encrypted }) => encrypted ?? false,
  provedBy: ({ principal }) => principal.provedBy ?? '',
  toolDeclared: ({ task: { tools }, tool }) =>
    tools === undefined || (tool !== undefined && tools.includes(tool)),
  depth: ({ depth, task: { actors } }) => depth ?? actors?.length ?? 0,
  actors: ({ principal, task: { actors = [] } }) =>
    actors.map(({ id }) => id).filter((id) => id !== principal.id),
  ofStep: ({ ofStep }) => ofStep ?? false,
  proofFresh: ({ principal: { proofIssuedAt }, task: { chain } }) =>
    chain === undefined || (proofIssuedAt !== undefined && proofIssuedAt >= chain.steppedAt),
};
const toolFacts: Facts<Question> = {
  kind: ({ toolFacts }) => toolFacts?.kind ?? '',
  dataClass: ({ toolFacts }) => toolFacts?.dataClass ?? '',
};
const chainFacts: Facts<Question> = {
  count: ({ task: { chain } }) => chain?.count ?? 0,
  tools: ({ task: { chain } }) => [...(chain ?? emptyChain).tools],
  kinds: ({ task: { chain } }) => [...(chain ?? emptyChain).kinds],
  dataClasses: ({ task: { chain } }) => [...(chain ?? emptyChain).dataClasses],
};
const assertedFacts: Facts<Question> = {
  tool: ({ tool }) => tool ?? '',
  reason: ({ asserted }) => asserted.reason ?? '',
  claimedClass: ({ asserted }) => asserted.dataClass ?? '',
};
/** Entities that hold tags, as `verified` names them. */
const references = {
  chain: { __entity: uid('Chain', 'this') },
  task: { __entity: uid('Task', 'this') },
  parameters: { __entity: uid('Parameters', 'these') },
  numbers: { __entity: uid('NumberParameters', 'these') },
  sets: { __entity: uid('SetParameters', 'these') },
};
const factNames = [
  agentFacts,
  taskFacts,
  entryFacts,
  toolFacts,
  chainFacts,
  verifiedFacts,
  assertedFacts,
  references,
].flatMap((facts) => Object.keys(facts));

/** Every attribute a schema may have: facts are left out of requests where nothing reads them, records never are. */
export const suppliedNames: ReadonlyMap<string, 'fact' | 'record'> = new Map([
  ...[...factNames, 'approved'].map((name) => [name, 'fact'] as const),
  ...['verified', 'asserted'].map((name) => [name, 'record'] as const),
]);

/** What was taken from an ask: all that its request is made of, and nothing besides. */
export interface Gathered {
  readonly action: 'issue' | 'breakGlass' | 'step' | 'delegate';
  readonly agent: string;
  /** `noEntry` where it is not a catalog entry that is asked for. */
  readonly entry: string;
  /** The tool or the agent, where that is what is asked for. */
  readonly resource: string;
  readonly ofAgent: Attributes;
  readonly claims: Attributes;
  readonly ofTask: Attributes;
  readonly labels: Attributes;
  readonly ofChain: Attributes;
  readonly verified: Attributes;
  readonly asserted: Attributes;
  readonly texts: Attributes;
  readonly numbers: Attributes;
  readonly sets: Attributes;
}

export interface RequestPlan {
  gather(ask: Question): Gathered;
  /** The entity of a catalog entry; the same for every request. */
  entryEntity(entry: CatalogEntry): EntityJson;
  /**
   * The request in Cedar's JSON. What callers say stays strings, as the schema has it: no `__entity` of theirs can be
   * read as one. Ids of tasks and times are not in it, so that equal asks are equal requests.
   */
  request(gathered: Gathered, resource: EntityJson, lifted: Lifted): CedarRequest;
  /** The entity of what is asked for, where that is no catalog entry. */
  resourceOf(question: Question): EntityJson;
}

/** What to take for given, to see whether it would lift what stands against a request. */
export interface Lifted {
  readonly approved?: boolean;
  readonly proofFresh?: boolean;
}

/** Stands where the name of a catalog entry would. */
export const noEntry = '';

export type CedarRequest = ReturnType<typeof requestOf>;

/** How asks become requests that hold just what the policies read. */
export function planRequests({ attributes, tags, whole }: Reads): RequestPlan {
  const reads = (name: string): boolean => whole || attributes.has(name);
  const pick = <Source>(facts: Facts<Source>): Facts<Source> =>
    Object.fromEntries(Object.entries(facts).filter(([name]) => reads(name)));
  const agent = pick(agentFacts);
  const task = pick(taskFacts);
  const entry = pick(entryFacts);
  const tool = pick(toolFacts);
  const chain = pick(chainFacts);
  const verifiedAndTool = { ...pick(verifiedFacts), ...tool };
  const asserted = pick(assertedFacts);
  const referred = Object.fromEntries(Object.entries(references).filter(([name]) => reads(name)));
  const approvedIsRead = reads('approved');

  return {
    gather: (ask) => ({
      action: ask.entry ? (ask.action ?? 'issue') : ask.delegate === undefined ? 'step' : 'delegate',
      agent: ask.principal.id,
      entry: ask.entry?.name ?? noEntry,
      resource: ask.entry ? '' : (ask.delegate ?? ask.tool ?? ''),
      ofAgent: taken(agent, ask),
      claims: tagsOf(ask.principal.claims, tags, asText),
      ofTask: taken(task, ask),
      labels: tagsOf(ask.task.labels, tags, asText),
      ofChain: taken(chain, ask),
      verified: taken(verifiedAndTool, ask),
      asserted: taken(asserted, ask),
      texts: tagsOf(ask.parameters ?? {}, tags, asTextOnly),
      numbers: tagsOf(ask.parameters ?? {}, tags, asNumberOnly),
      sets: tagsOf(ask.parameters ?? {}, tags, asSetOnly),
    }),
    entryEntity: (one) => ({ uid: uid('CatalogEntry', one.name), attrs: taken(entry, one), parents: [] }),
    resourceOf: (ask) =>
      ask.delegate === undefined
        ? { uid: uid('Tool', ask.tool ?? ''), attrs: taken(tool, ask), parents: [] }
        : { uid: uid('Delegate', ask.delegate), attrs: reads('id') ? { id: ask.delegate } : {}, parents: [] },
    request: (gathered, resource, lifted) =>
      requestOf(gathered, resource, {
        ...gathered.verified,
        ...referred,
        ...(approvedIsRead && { approved: lifted.approved ?? false }),
        ...(lifted.proofFresh && 'proofFresh' in gathered.verified && { proofFresh: true }),
      }),
  };
}

function requestOf(gathered: Gathered, resource: EntityJson, verified: Attributes) {
  const agent = uid(gathered.action === 'breakGlass' ? 'Operator' : 'Agent', gathered.agent);
  return {
    principal: agent,
    action: uid('Action', gathered.action),
    resource: resource.uid,
    context: { verified, asserted: gathered.asserted },
    entities: [
      { uid: agent, attrs: gathered.ofAgent, parents: [], tags: gathered.claims },
      resource,
      { uid: references.task, attrs: gathered.ofTask, parents: [], tags: gathered.labels },
      { uid: references.chain, attrs: gathered.ofChain, parents: [] },
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

type Values = ParameterValues | Question['task']['labels'];
type Value = ParameterValues[string];

const noTags: Attributes = Object.freeze({});

/** The tags that are read and are there, of one kind. A null prototype, since callers choose the names of labels. */
function tagsOf(
  values: Values,
  names: Reads['tags'],
  as: (value: Value) => CedarValueJson | undefined,
): Attributes {
  let found: Attributes | undefined;
  for (const name of Object.keys(values)) {
    if (names !== 'all' && !names.has(name)) continue;
    const value = as(values[name]!);
    if (value !== undefined) (found ??= Object.create(null) as Attributes)[name] = value;
  }
  return found ?? noTags;
}

const asText = (value: Value): string => String(value);
const asTextOnly = (value: Value) => (typeof value === 'string' ? value : undefined);
const asNumberOnly = (value: Value) => (typeof value === 'number' ? value : undefined);
const asSetOnly = (value: Value) => (Array.isArray(value) ? [...(value as readonly string[])] : undefined);
