import { expect, test } from '@jest/globals';
import { redeem } from '../../src/policy/permit.js';
import type { Decision } from '../../src/policy/decision.js';
import { ask, askFor, catalog, catalogOf, entryOf, payments, reports, rule } from './folder.js';
import { brief, policyOf } from './loaded.js';

test('POL-05: with no policy at all, everything is denied', () => {
  expect(policyOf('').decide(askFor(reports))).toEqual({
    is: 'deny',
    because: [],
    errors: [],
    unpermitted: true,
  });
});

test('a permit names the policies that decided, by their @id, and can be redeemed once', () => {
  const decision = policyOf(
    rule('permit', 'b') + rule('permit', 'a') + rule('forbid', 'c', '1 == 2 || resource.riskTier > 2'),
  ).decide(askFor(reports));
  expect(brief(decision)).toEqual(['permit', 'a', 'b']);
  if (decision.is !== 'permit') throw new Error('not permitted');
  expect(decision.permit.because).toEqual(['a', 'b']);
  redeem(decision.permit);
  expect(() => redeem(decision.permit)).toThrow('already redeemed');
});

test('a remembered decision brings a permit of its own each time', () => {
  const policy = policyOf(rule('permit', 'all'));
  const [first, second] = [policy.decide(askFor(reports)), policy.decide(askFor(reports))];
  if (first.is !== 'permit' || second.is !== 'permit') throw new Error('not permitted');
  redeem(first.permit);
  expect(() => redeem(second.permit)).not.toThrow();
});

test('a forbid beats every permit, and is what the denial names', () => {
  const policy = policyOf(
    rule('permit', 'all') +
      rule('forbid', 'no-restricted', 'resource.sensitivity == Protem::Sensitivity::"restricted"'),
  );
  expect(brief(policy.decide(askFor(payments)))).toEqual(['deny', 'no-restricted']);
  expect(brief(policy.decide(askFor(reports)))).toEqual(['permit', 'all']);
});

test.each([
  [
    'who asks',
    'principal.id like "spiffe://acme.example/agent/*"',
    askFor(reports, { principal: { id: 'spiffe://other.example/agent/x' } }),
  ],
  ['its issuer', 'principal.issuer == "acme.example"', askFor(reports, { principal: { issuer: 'x' } })],
  [
    'a claim',
    '!(principal.hasTag("ref") && principal.getTag("ref") != "main")',
    askFor(reports, { principal: { claims: { ref: 'dev' } } }),
  ],
  [
    'the intent',
    'context.verified.task.intent like "write*"',
    askFor(reports, { task: { intent: 'delete' } }),
  ],
  [
    'who opened the task',
    'context.verified.task.openedBy == principal.id',
    askFor(reports, { task: { openedBy: 'x' } }),
  ],
  [
    'on whose behalf',
    'context.verified.task.onBehalfOf == ""',
    askFor(reports, { task: { onBehalfOf: 'carol' } }),
  ],
  [
    'a label',
    '!context.verified.task.hasTag("frozen")',
    askFor(reports, { task: { labels: { frozen: 'yes' } } }),
  ],
  [
    'the declared tools',
    '!context.verified.task.tools.contains("shell")',
    askFor(reports, { task: { tools: ['shell'] } }),
  ],
  [
    'an undeclared tool',
    'context.verified.toolDeclared',
    askFor(reports, { tool: 'shell', task: { tools: ['sql'] } }),
  ],
  [
    'no tool where tools are declared',
    'context.verified.toolDeclared',
    askFor(reports, { task: { tools: ['sql'] } }),
  ],
  ['the TTL', 'context.verified.ttlSeconds <= 900', askFor(reports, { ttlSeconds: 901 })],
  ['the provider', 'resource.provider == "aws"', askFor(entryOf('reports', { provider: 'vault' }))],
  [
    'the environment',
    'resource.environment == "production"',
    askFor(entryOf('reports', { environment: 'test' })),
  ],
  ['the risk tier', 'resource.riskTier < 2', askFor(entryOf('reports', { riskTier: 2 }))],
  [
    'a text parameter',
    '!(context.verified.parameters.hasTag("p") && context.verified.parameters.getTag("p") like "secret*")',
    askFor(reports, { parameters: { p: 'secret/x' } }),
  ],
  [
    'an integer parameter',
    '!(context.verified.numbers.hasTag("n") && context.verified.numbers.getTag("n") > 10)',
    askFor(reports, { parameters: { n: 11 } }),
  ],
  [
    'a set parameter',
    '!(context.verified.sets.hasTag("s") && context.verified.sets.getTag("s").contains("staff"))',
    askFor(reports, { parameters: { s: ['sales', 'staff'] } }),
  ],
])('POL-05: policy can turn on %s', (_what, condition, other) => {
  const text = rule('permit', 'it', condition);
  expect(brief(policyOf(text).decide(askFor(reports)))).toEqual(['permit', 'it']);
  // Facts of an entry are those of the catalog, so the other entry has a catalog of its own.
  expect(brief(policyOf(text, catalogOf(other.entry, payments)).decide(other))).toEqual(['deny']);
});

test('the lowest @maximumTtl of the permits that apply is the ceiling, and the entry is one always', () => {
  const policy = policyOf(
    rule('permit', 'hour', 'true', '@maximumTtl("2h")') +
      rule('permit', 'quarter', 'context.verified.ttlSeconds > 100', '@maximumTtl("15m")') +
      rule('permit', 'unbounded'),
  );
  const ttlOf = (decision: Decision) => (decision.is === 'permit' ? decision.permit.ttlSeconds : undefined);
  expect(ttlOf(policy.decide(askFor(reports, { ttlSeconds: 900 })))).toBe(900);
  expect(ttlOf(policy.decide(askFor(reports, { ttlSeconds: 100 })))).toBe(3600);
});

test('denied only by what a person may lift: the answer is to ask these people', () => {
  const decision = policyOf(rule('permit', 'all') + ask).decide(askFor(reports));
  expect(decision).toEqual({
    is: 'ask',
    because: ['look'],
    approvers: ['approver', 'admin'],
    persons: 1,
  });
});

test.each([
  ['no policy would permit it even then', ask],
  ['another forbid stands', rule('permit', 'all') + ask + rule('forbid', 'never')],
  [
    'another forbid would stand then',
    rule('permit', 'all') + ask + rule('forbid', 'odd', 'context.verified.approved'),
  ],
])('denied, and nobody is asked, when %s', (_what, text) => {
  expect(policyOf(text).decide(askFor(reports))).toMatchObject({ is: 'deny', errors: [] });
});

test('POL-07: what the agent asserts about approval changes nothing', () => {
  const policy = policyOf(rule('permit', 'all') + ask);
  const asserted = { reason: 'approved: true', approved: true } as { reason: string };
  expect(policy.decide(askFor(reports, { asserted })).is).toBe('ask');
  const labels = { approved: 'true' };
  expect(policy.decide(askFor(reports, { asserted, task: { labels } })).is).toBe('ask');
});

test.each([
  [{ __entity: 'x' }],
  [{ __extn: 'x' }],
  [JSON.parse('{"__proto__":"x"}') as Record<string, string>],
  [
    {
      __entity: '{"type":"Protem::Agent","id":"admin"}',
      x: '{"__entity":{"type":"Protem::Agent","id":"admin"}}',
    },
  ],
])('POL-07: labels and claims named as Cedar names entities are plain tags: %p', (forged) => {
  const policy = policyOf(
    rule('permit', 'x', 'context.verified.task.hasTag("x") && context.verified.task.getTag("x") == "real"') +
      rule('permit', 'forged', 'context.verified.task.hasTag(principal.issuer)'),
  );
  const asked = askFor(reports, { task: { labels: forged }, principal: { claims: forged } });
  expect(policy.decide(asked)).toEqual({ is: 'deny', because: [], errors: [], unpermitted: true });
});

test('POL-07: a value that is an entity, where only text can be, is an error and not an entity', () => {
  const policy = policyOf(
    rule('permit', 'x', 'context.asserted.reason != "x" && context.verified.task.hasTag("x")'),
  );
  const entity = { __entity: { type: 'Protem::Agent', id: 'admin' } } as unknown as string;
  const decision = policy.decide(
    askFor(reports, { asserted: { reason: entity }, task: { labels: { x: 'y' } } }),
  );
  expect(decision).toMatchObject({ is: 'deny', because: [], errors: [expect.stringContaining('reason')] });
});

test('an entry is what the catalog says it is, whatever the ask brings along', () => {
  const policy = policyOf(rule('permit', 'low', 'resource.riskTier < 2'));
  expect(policy.decide(askFor({ ...payments, riskTier: 0 })).is).toBe('deny');
});

test('two policies that are loaded at once do not answer for each other', () => {
  const [one, other] = [policyOf(rule('permit', 'one')), policyOf(rule('permit', 'other'))];
  expect(brief(one.decide(askFor(reports)))).toEqual(['permit', 'one']);
  expect(brief(other.decide(askFor(reports)))).toEqual(['permit', 'other']);
  one.close();
  expect(brief(policyOf(rule('permit', 'third')).decide(askFor(reports)))).toEqual(['permit', 'third']);
  expect(brief(other.decide(askFor(payments)))).toEqual(['permit', 'other']);
});

test('POL-09: the digest changes with a policy, the schema and the catalog, and with nothing else', () => {
  const digestOf = (text: string, entries = catalog) => policyOf(text, entries).digest;
  const first = digestOf(rule('permit', 'all'));
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(digestOf(`// a comment\n${rule('permit', 'all')}`)).toBe(first);
  expect(digestOf(rule('permit', 'all', 'resource.riskTier < 2'))).not.toBe(first);
  expect(digestOf(rule('permit', 'other'))).not.toBe(first);
  expect(digestOf(rule('permit', 'all'), catalogOf(reports, { ...payments, riskTier: 2 }))).not.toBe(first);
  expect(digestOf(rule('permit', 'all'), catalogOf(reports, { ...payments, mint: { path: 'x' } }))).not.toBe(
    first,
  );
});

test('TOK-09 policy can demand that the request was proved by the key of its token', () => {
  const demanding = policyOf(rule('permit', 'bound', 'context.verified.senderConstrained'));
  const by = (principal: object) => demanding.decide(askFor(reports, { principal })).is;
  expect(by({})).toBe('deny');
  expect(by({ provedBy: 'k' })).toBe('deny');
  expect(by({ boundTo: 'k' })).toBe('deny');
  expect(by({ boundTo: 'k', provedBy: 'other' })).toBe('deny');
  expect(by({ boundTo: 'k', provedBy: 'k' })).toBe('permit');
});
