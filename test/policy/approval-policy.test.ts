import { expect, test } from '@jest/globals';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import type { Ask } from '../../src/policy/decision.js';
import { agent, entry } from '../fake/broker-ports.js';
import { policyFolder } from './folder.js';

const one = entry('vault', { name: 'payments', riskTier: 3, sensitivity: 'restricted' });
const catalog = new Map([[one.name, one]]);
const permit = `@id("agents") permit (principal is Protem::Agent, action == Protem::Action::"issue", resource);`;
const asks = (annotations: string) =>
  `${annotations} forbid (principal, action == Protem::Action::"issue", resource) when { resource.riskTier >= 3 } unless { context.verified.approved };`;

const ask: Ask = {
  principal: agent,
  task: {
    id: 'tsk_00000000',
    agent: agent.id,
    openedBy: agent.id,
    intent: 'x',
    labels: {},
    openedAt: 0,
    deadlineAt: 0,
    state: 'open',
  },
  entry: one,
  parameters: {},
  ttlSeconds: 60,
  asserted: {},
};

const loaded = (...policies: string[]) =>
  loadPolicy({
    directory: policyFolder({ 'a.cedar': policies.join('\n') }),
    catalog,
  });

test('APR-02: what policy asks for it permits once it is approved, and the two are told apart', () => {
  const policy = loaded(permit, asks('@id("risky") @ask("approver,lead") @persons("2")'));
  expect(policy.decide(ask)).toEqual({
    is: 'ask',
    approvers: ['approver', 'lead'],
    persons: 2,
    because: ['risky'],
  });
  expect(policy.decide({ ...ask, approved: true })).toMatchObject({ is: 'permit', because: ['agents'] });
  expect(policy.decide(ask)).toMatchObject({ is: 'ask' });
  policy.close();
});

test('APR-02: of several policies that ask, none makes the question of another easier', () => {
  const hard = asks('@id("risky") @ask("security") @persons("2")');
  const easy = asks('@id("also-risky") @ask("approver")');
  const policy = loaded(permit, hard, easy);
  const decision = policy.decide(ask);
  expect(decision).toMatchObject({ is: 'ask', persons: 2 });
  expect(decision).toMatchObject({
    each: expect.arrayContaining([
      { approvers: ['security'], persons: 2 },
      { approvers: ['approver'], persons: 1 },
    ]),
  });
  policy.close();
});

test('an approval lifts nothing but what asked for it', () => {
  const closed = `@id("closed") forbid (principal, action == Protem::Action::"issue", resource);`;
  const policy = loaded(permit, asks('@id("risky") @ask("approver")'), closed);
  expect(policy.decide({ ...ask, approved: true })).toMatchObject({ is: 'deny', because: ['closed'] });
  policy.close();
});

test('what no policy permits is told apart from what one forbids, whoever would be asked', () => {
  const [risky, closed] = [asks('@id("risky") @ask("approver")'), asks('@id("closed")')];
  const unpermitted = { is: 'deny', errors: [], unpermitted: true };
  for (const [because, ...policies] of [[[]], [['risky'], risky]] as const) {
    const policy = loaded(
      `@id("others") permit (principal == Protem::Agent::"x", action, resource);`,
      ...policies,
    );
    expect(policy.decide(ask)).toEqual({ ...unpermitted, because });
    policy.close();
  }
  const policy = loaded(permit, closed);
  expect(policy.decide(ask)).toEqual({ is: 'deny', because: ['closed'], errors: [] });
  policy.close();
});

test.each([
  ['@persons without @ask', '@id("x") @persons("2")', '@persons goes with @ask'],
  [
    'no number of persons',
    '@id("x") @ask("approver") @persons("two")',
    '@persons must be a number from 1 to 5',
  ],
  ['a hard deny that asks', '@id("x") @ask("approver") @hard_deny', '@hard_deny and @ask'],
  ['a hard deny of one action', '@id("x") @hard_deny', '@hard_deny must leave its action open, or name'],
])('%s is refused when it is loaded', (_what, annotations, problem) => {
  expect(() => loaded(permit, asks(annotations))).toThrow(problem);
});

const permitAll = `@id("all") permit (principal, action, resource);`;
const hard = `@id("never") @hard_deny forbid (principal, action in [Protem::Action::"issue", Protem::Action::"breakGlass"], resource) when { resource.riskTier >= 3 };`;
const emergency: Ask = { ...ask, action: 'breakGlass', principal: { ...agent, id: 'operator:olga' } };

test('BRG-04: a hard deny holds for break-glass, approved or not', () => {
  const policy = loaded(permitAll, hard);
  for (const approved of [{}, { approved: true as const }])
    expect(policy.decide({ ...emergency, ...approved })).toMatchObject({ is: 'deny', because: ['never'] });
  policy.close();
});

test('BRG-01: what is permitted to agents is not permitted to break-glass', () => {
  const policy = loaded(permit);
  expect(policy.decide(ask)).toMatchObject({ is: 'permit' });
  expect(policy.decide(emergency)).toEqual({ is: 'deny', because: [], errors: [], unpermitted: true });
  policy.close();
});
