import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isAuthorized, policyToJson, schemaToJson } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import type { CedarPolicy } from '../../src/policy/cedar-bundle.js';
import { readsOf } from '../../src/policy/cedar-reads.js';
import { planRequests } from '../../src/policy/cedar-request.js';
import { schemaOfReads } from '../../src/policy/cedar-schema.js';
import { openSlices, sliceFor } from '../../src/policy/cedar-slices.js';
import type { Ask } from '../../src/policy/decision.js';
import { askFor, entryOf } from './folder.js';

const schemaText = readFileSync('config/policy/protem.cedarschema', 'utf8');
const parsed = schemaToJson(schemaText);
if (parsed.type === 'failure') throw new Error('the schema cannot be read');
const schema = parsed.json;

const entries: CatalogEntry[] = [
  entryOf('a'),
  entryOf('b', { riskTier: 3, sensitivity: 'restricted' }),
  entryOf('c', { environment: 'test', provider: 'vault', sensitivity: 'public' }),
];

const scopes = [
  'resource',
  'resource is Protem::CatalogEntry',
  'resource == Protem::CatalogEntry::"a"',
  'resource == Protem::CatalogEntry::"b"',
  'resource in Protem::CatalogEntry::"c"',
  'resource == Protem::CatalogEntry::"gone"',
];
const principals = ['principal', 'principal is Protem::Agent', 'principal == Protem::Agent::"agent-1"'];
/** Every way to read something, and some that fail: sums of more than 64 bits, tags and entities that are not there. */
const atoms = [
  'true',
  'principal.issuer == "i1"',
  'principal.id like "agent-*"',
  'principal.hasTag("team")',
  'principal.hasTag("team") && principal.getTag("team") == "x"',
  'principal.getTag("team") == "x"',
  'principal has issuer',
  'context.verified has ttlSeconds',
  'context.verified has task.intent',
  'resource.riskTier > 1',
  `resource.riskTier * ${2n ** 62n} > 1`,
  'resource.sensitivity == Protem::Sensitivity::"restricted"',
  'resource["environment"] == "test"',
  'resource.provider == "vault"',
  'context.verified.task.intent == "one"',
  'context.verified.task.openedBy == principal.id',
  'context.verified.task.onBehalfOf == ""',
  'context.verified.task.tools.contains("sql")',
  'context.verified.toolDeclared',
  'context.verified.senderConstrained',
  'context.verified.encrypted',
  'context.verified.provedBy == "one-key"',
  'context.verified.task.hasTag(context.asserted.tool)',
  'context.verified.task.hasTag("team") && context.verified.task.getTag("team") == "y"',
  'context.verified.ttlSeconds < 900',
  '!context.verified.approved',
  'context.verified.parameters.hasTag("p") && context.verified.parameters.getTag("p") like "r*"',
  'context.verified.numbers.hasTag("n") && context.verified.numbers.getTag("n") > 3',
  'context.verified.sets.hasTag("s") && context.verified.sets.getTag("s").contains("v")',
  'context.verified.numbers.getTag("n") > 3',
  'context.asserted.reason == "why"',
  'context.asserted.tool != ""',
  '(if context.verified.toolDeclared then context.asserted else context.asserted).reason == "why"',
  'context.asserted == {"reason": "why", "tool": "sql"}',
  '[context.asserted].contains({"reason": "why", "tool": ""})',
  '{".": context.asserted, "has": 1}["."] == {"reason": "why", "tool": ""}',
  'context.verified.task in Protem::Task::"this"',
  'action == Protem::Action::"issue"',
];
const condition = fc
  .tuple(
    fc.constantFrom(...atoms),
    fc.constantFrom('&&', '||'),
    fc.constantFrom(...atoms),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([left, operator, right, negated, both]) => {
    const text = both ? `(${left}) ${operator} (${right})` : left;
    return negated ? `!(${text})` : text;
  });
const policy = fc
  .tuple(
    fc.constantFrom('permit', 'forbid'),
    fc.constantFrom(...principals),
    fc.constantFrom(...scopes),
    fc.constantFrom('when', 'unless'),
    condition,
  )
  .map(
    ([effect, principal, resource, clause, text]) =>
      `${effect} (${principal}, action, ${resource}) ${clause} { ${text} };`,
  );
const ask: fc.Arbitrary<Ask> = fc
  .record({
    entry: fc.constantFrom(...entries),
    id: fc.constantFrom('agent-1', 'agent-2', 'other'),
    issuer: fc.constantFrom('i1', 'i2'),
    claims: fc.constantFrom({}, { team: 'x' }, { team: 'y', sql: true }),
    labels: fc.constantFrom({}, { team: 'y' }, { sql: 'yes', '': 'empty' }, { __entity: 'x' }),
    intent: fc.constantFrom('one', 'two'),
    onBehalfOf: fc.constantFrom(undefined, 'carol'),
    openedBy: fc.constantFrom('agent-1', 'orchestrator'),
    tools: fc.constantFrom(undefined, ['sql'], ['sql', 's3']),
    tool: fc.constantFrom(undefined, 'sql', 'shell'),
    reason: fc.constantFrom(undefined, 'why', ''),
    keys: fc.constantFrom({}, { provedBy: 'one-key' }, { provedBy: 'one-key', boundTo: 'one-key' }),
    encrypted: fc.boolean(),
    ttlSeconds: fc.constantFrom(60, 900),
    parameters: fc.constantFrom({}, { p: 'reports', n: 5, s: ['v', 'w'] }, { n: 2, s: ['w'] }),
  })
  .map(
    ({
      entry,
      id,
      issuer,
      claims,
      labels,
      intent,
      onBehalfOf,
      openedBy,
      tools,
      tool,
      reason,
      keys,
      encrypted,
      ttlSeconds,
      parameters,
    }) =>
      askFor(entry, {
        principal: { id, issuer, claims, ...keys },
        task: { intent, openedBy, labels, ...(onBehalfOf && { onBehalfOf }), ...(tools && { tools }) },
        ...(tool !== undefined && { tool }),
        ttlSeconds,
        encrypted,
        parameters,
        asserted: reason === undefined ? {} : { reason },
      }),
  );

function asPolicy(text: string, index: number): CedarPolicy {
  const answer = policyToJson(text);
  if (answer.type === 'failure') throw new Error(`${text}: ${answer.errors[0]?.message}`);
  const only = /resource == Protem::CatalogEntry::"(\w+)"/.exec(text.slice(0, text.indexOf(')')))?.[1];
  return {
    id: `p${index}`,
    text,
    json: answer.json,
    file: '',
    line: 1,
    onlyEntry: only,
    ask: undefined,
    reauthenticate: false,
    persons: undefined,
    hardDeny: false,
    maximumTtlSeconds: undefined,
    duties: [],
  };
}

const everything = planRequests({ attributes: new Set(), tags: 'all', whole: true });

/** The whole set, the whole schema and everything there is to know, parsed anew: what Cedar says without any saving. */
function oracle(policies: readonly CedarPolicy[], one: Ask, approved: boolean) {
  const answer = isAuthorized({
    ...everything.request(everything.gather(one), everything.entryEntity(one.entry), { approved }),
    schema: schemaText,
    validateRequest: true,
    policies: { staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])) },
  });
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
  const { decision, diagnostics } = answer.response;
  return {
    allowed: decision === 'allow' && diagnostics.errors.length === 0,
    because: diagnostics.reason.toSorted(),
    failed: diagnostics.errors.map(({ policyId }) => policyId).toSorted(),
  };
}

test('answers from a slice, with only what is read, are those of the whole set with everything', () => {
  const seen = { allowed: 0, denied: 0, failed: 0, whole: 0 };
  fc.assert(
    fc.property(
      fc.array(policy, { minLength: 1, maxLength: 8 }),
      fc.array(ask, { minLength: 4, maxLength: 4 }),
      fc.boolean(),
      (texts, asks, approved) => {
        const policies = texts.map(asPolicy);
        const reads = readsOf(policies.map(({ json }) => json.conditions));
        const plan = planRequests(reads);
        const slices = openSlices(
          policies,
          schemaOfReads(schema, reads),
          entries.map(({ name }) => name),
        );
        try {
          for (const one of asks) {
            const request = plan.request(plan.gather(one), plan.entryEntity(one.entry), { approved });
            const { allowed, because, errors } = slices.evaluate(one.entry.name, request);
            const expected = oracle(policies, one, approved);
            expect({ allowed, because, failed: errors.map((error) => error.split(':')[0]) }).toEqual(
              expected,
            );
            seen[allowed ? 'allowed' : errors.length > 0 ? 'failed' : 'denied']++;
          }
        } finally {
          slices.close();
        }
        if (reads.whole) seen.whole++;
      },
    ),
    { numRuns: 120 },
  );
  // The comparison has seen every kind.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
});

test('asks that are one to the policies are one request, and asks that are not are two', () => {
  const reads = readsOf([
    {
      body: asPolicy(
        'permit (principal, action, resource) when { principal.hasTag("team") && context.verified.toolDeclared };',
        0,
      ).json,
    },
  ]);
  const keyOf = (one: Ask) => JSON.stringify(planRequests(reads).gather(one));
  const [entry] = entries;
  const key = keyOf(askFor(entry!, { principal: { claims: { team: 'x', run: 1 } } }));
  const same = [
    askFor(entry!, {
      principal: { claims: { run: 2, team: 'x' } },
      task: { id: 'tsk_zzzzzzzz', intent: 'other', labels: { a: 'b' } },
    }),
    askFor(entry!, {
      principal: { claims: { team: 'x' }, proofExpiresAt: 99 },
      ttlSeconds: 60,
      asserted: { reason: 'x' },
    }),
  ];
  expect(same.map(keyOf)).toEqual([key, key]);
  for (const other of [
    askFor(entry!, { principal: { claims: { team: 'y' } } }),
    askFor(entry!, { principal: { claims: {} } }),
    askFor(entry!, { principal: { claims: { team: 'x' }, id: 'other' } }),
    askFor(entry!, { principal: { claims: { team: 'x' } }, task: { tools: [] } }),
    askFor(entries[1]!, { principal: { claims: { team: 'x' } } }),
    askFor(entry!, { principal: { claims: {} }, task: { labels: { team: 'x' } } }),
  ])
    expect(keyOf(other)).not.toBe(key);
});

test('a slice holds all but what is tied to another entry; a forbid that is tied to none is in every one', () => {
  const policies = [
    'permit (principal, action, resource == Protem::CatalogEntry::"a");',
    'forbid (principal, action, resource == Protem::CatalogEntry::"b");',
    'forbid (principal, action, resource in Protem::CatalogEntry::"c");',
    'forbid (principal, action, resource);',
  ].map(asPolicy);
  const idsFor = (entry: string) => sliceFor(entry, policies).map(({ id }) => id);
  expect(idsFor('a')).toEqual(['p0', 'p2', 'p3']);
  expect(idsFor('b')).toEqual(['p1', 'p2', 'p3']);
  expect(idsFor('c')).toEqual(['p2', 'p3']);
});

test('a slice that does not parse gives its names back', () => {
  const broken = { ...asPolicy('permit (principal, action, resource);', 0), text: 'nonsense' };
  expect(() => openSlices([broken], schema, ['a'])).toThrow();
  const slices = openSlices([], schema, ['a']);
  expect(slices.evaluate('b', {} as never).errors).toHaveLength(1);
  slices.close();
  expect(slices.evaluate('a', {} as never).errors).toEqual(['this policy is no longer in force']);
});
