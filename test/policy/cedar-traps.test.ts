import { expect, test } from '@jest/globals';
import {
  isAuthorized,
  policySetTextToParts,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import { parseParameters } from '../../src/policy/parameters.js';
import { askFor, catalog, policyFolder, reports, rule } from './folder.js';

/*
 * What Cedar does by itself, next to what Protem makes of it. The first half of each test is about the engine: when one
 * of these fails after an upgrade, the guard behind it should be looked at again.
 */

const schema = `
entity U = { team: String }; entity R;
action a appliesTo { principal: [U], resource: [R], context: { n?: Long, text?: String, flag?: Bool, any?: { who: U } } };`;
const call = (policies: string | Record<string, string>, context: object, withSchema = true) => ({
  principal: { type: 'U', id: 'u' },
  action: { type: 'Action', id: 'a' },
  resource: { type: 'R', id: 'r' },
  context: context as never,
  entities: [{ uid: { type: 'U', id: 'u' }, attrs: { team: 'x' }, parents: [] }],
  policies: { staticPolicies: policies },
  ...(withSchema && { schema, validateRequest: true }),
});
const all = 'permit (principal, action, resource);';
function decisionOf(policies: string | Record<string, string>, context: object, withSchema = true) {
  const answer = isAuthorized(call(policies, context, withSchema));
  return answer.type === 'failure' ? 'failure' : answer.response;
}

function decided(text: string, ask = askFor(reports)) {
  const policy = loadPolicy({ directory: policyFolder({ 'all.cedar': text }), catalog });
  try {
    return policy.decide(ask);
  } finally {
    policy.close();
  }
}

test('POL-08: Cedar allows beside a forbid that fails; Protem denies', () => {
  const set = { yes: all, no: 'forbid (principal, action, resource) when { context.suspended };' };
  expect(decisionOf(set, {}, false)).toMatchObject({
    decision: 'allow',
    diagnostics: { reason: ['yes'], errors: [{ policyId: 'no' }] },
  });
  // The same bundle is not even loaded here, and one that fails later denies.
  expect(() => decided(rule('permit', 'yes') + rule('forbid', 'no', 'context.suspended'))).toThrow(
    'suspended',
  );
  const failing = rule('permit', 'yes') + rule('forbid', 'no', `resource.riskTier + ${2n ** 63n - 1n} > 0`);
  expect(decided(failing)).toMatchObject({ is: 'deny', errors: [expect.stringMatching(/^no: /)] });
});

test('Cedar’s forbid on `context has x` does not fire when x is left out; here nothing can be left out', () => {
  const set = {
    yes: all,
    no: 'forbid (principal, action, resource) when { context has flag && context.flag };',
  };
  expect(decisionOf(set, {})).toMatchObject({ decision: 'allow' });
  // `has` on what is always there says nothing, and every attribute that guards can turn on is always there.
  const guard =
    rule('permit', 'yes') +
    rule('forbid', 'no', 'context.verified has toolDeclared && !context.verified.toolDeclared');
  expect(decided(guard, askFor(reports, { task: { tools: ['sql'] } })).is).toBe('deny');
});

test('validate says "success" with errors; a bundle with any is not loaded', () => {
  const answer = validate({
    schema,
    policies: {
      staticPolicies: { it: 'permit (principal, action, resource) when { principal.taem == "x" };' },
    },
  });
  expect(answer.type).toBe('success');
  expect(answer.type === 'success' && answer.validationErrors).toHaveLength(1);
  expect(() => decided(rule('permit', 'it', 'principal.isuer == "x"'))).toThrow('isuer');
});

test('@id is ignored for sets given as text; decisions here name it', () => {
  const text = `@id("mine") ${all}`;
  expect(decisionOf(text, {})).toMatchObject({ diagnostics: { reason: ['policy0'] } });
  const parts = policySetTextToParts(`${text}\n@id("other") ${all}`);
  expect(parts.type === 'success' && parts.policies).toHaveLength(2);
  expect(decided(rule('permit', 'mine')).because).toEqual(['mine']);
});

test('POL-07: an untyped value is read as an entity; here all is typed', () => {
  const set = { it: 'permit (principal, action, resource) when { context.text == U::"admin" };' };
  const forged = { text: { __entity: { type: 'U', id: 'admin' } } };
  expect(decisionOf(set, forged, false)).toMatchObject({ decision: 'allow' });
  expect(decisionOf(set, forged)).toBe('failure');
  const reason = { __entity: { type: 'Protem::Agent', id: 'admin' } } as unknown as string;
  const policy = rule('permit', 'it', 'context.asserted.reason != ""');
  expect(decided(policy, askFor(reports, { asserted: { reason } }))).toMatchObject({
    is: 'deny',
    errors: [expect.any(String)],
  });
});

test('Cedar rounds numbers beyond 2^53; no parameter can hold one', () => {
  const exact = { it: 'permit (principal, action, resource) when { context.n == 9007199254740993 };' };
  expect(decisionOf(exact, { n: Number('9007199254740993') })).toMatchObject({ decision: 'deny' });
  const entry = {
    parameters: { n: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } },
  } as const;
  expect(() => parseParameters(entry, { n: Number('9007199254740993') })).toThrow();
});

test.each([
  ['null', null, 'failure'],
  ['a fraction', 1.5, 'failure'],
  ['nothing', undefined, 'allow'],
])('Cedar takes %s as it does, and Protem never hands it one', (_what, n, expected) => {
  const answer = decisionOf({ yes: all }, { n });
  expect(typeof answer === 'string' ? answer : answer.decision).toBe(expected);
  for (const value of [null, 1.5, undefined])
    expect(() =>
      parseParameters({ parameters: { n: { type: 'integer', minimum: 0, maximum: 9 } } }, { n: value }),
    ).toThrow();
});

test('a BigInt makes the engine throw; here it is a denial with an error', () => {
  expect(() => decisionOf({ yes: all }, { n: 1n })).toThrow();
  const ask = askFor(reports, { ttlSeconds: 1n as unknown as number });
  expect(decided(rule('permit', 'it', 'context.verified.ttlSeconds < 5'), ask)).toMatchObject({
    is: 'deny',
    errors: [expect.any(String)],
  });
});

test('the engine throws over half a surrogate pair; here it never gets one', () => {
  expect(() => decisionOf({ yes: all }, { text: '\ud800' })).toThrow();
  const ask = askFor(reports, { task: { intent: '\ud800' } });
  expect(decided(rule('permit', 'it', 'context.verified.task.intent != ""'), ask)).toMatchObject({
    is: 'deny',
  });
});

test('a name that is parsed again replaces the set before: so names are given to one bundle at a time', () => {
  const { policies: _policies, schema: _schema, validateRequest: _validate, ...request } = call('', {});
  const ask = () => {
    const answer = statefulIsAuthorized({
      ...request,
      preparsedPolicySetId: 'trap',
      preparsedSchemaName: 'trap',
    });
    return answer.type === 'success' ? answer.response.diagnostics.reason : answer.type;
  };
  preparseSchema('trap', schema);
  preparsePolicySet('trap', { staticPolicies: { one: all } });
  expect(ask()).toEqual(['one']);
  preparsePolicySet('trap', { staticPolicies: { two: all } });
  expect(ask()).toEqual(['two']);
  expect(statefulIsAuthorized({ ...request, preparsedPolicySetId: 'never' }).type).toBe('failure');
});
