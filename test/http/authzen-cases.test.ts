import { expect, test } from '@jest/globals';
import { entry } from '../fake/broker-ports.js';
import { agentOf, decisionPointOver, issueRule, parameterIs } from './decision-point.js';

/*
 * The certification scenario of the AuthZEN working group (Authorization API 1.0, levels Basic and Batch), on real Cedar
 * policies. Its subjects, actions and resources are not ours, so each is told in our words: a user is an agent, a record
 * a catalog entry, and what is done to it, with its properties, parameters of the request. One of its eight rules cannot
 * apply: rule 6 lets a subject be an administrator because the question says so, and what is said of a subject is not
 * believed here. Its cases are kept with the other answer. The level Search is not run: there are no search endpoints.
 */
interface Entity {
  readonly id: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}
interface Case {
  readonly subject?: Entity;
  readonly action?: { readonly name: string; readonly properties?: Readonly<Record<string, unknown>> };
  readonly resource?: Entity;
  readonly context?: object;
}

const alice = { id: 'alice' };
const bob = { id: 'bob' };
const bobAsAdmin = { ...bob, properties: { role: 'admin' } };
const [read, write] = [{ name: 'read' }, { name: 'write' }];
const remove = (soft: boolean) => ({ name: 'delete', properties: { soft } });
const active = { id: 'record-1' };
const archived = { id: 'record-2', properties: { status: 'archived' } };

const parameters = {
  access: { type: 'enum' as const, values: ['read', 'write', 'delete'] },
  soft: { type: 'enum' as const, values: ['true', 'false', ''], default: '' },
  status: { type: 'enum' as const, values: ['active', 'archived', ''], default: '' },
};
const records = ['record-1', 'record-2'].map((name) => entry('pretend', { name, parameters }));
const one = (id: string) => `== Protem::Agent::"${agentOf(id)}"`;
const deletes = parameterIs('access', 'delete');
const writes = parameterIs('access', 'write');
const decisionPoint = decisionPointOver(records, [
  issueRule('permit', 'all-read', 'is Protem::Agent', parameterIs('access', 'read')),
  issueRule('permit', 'alice-writes', one('alice'), writes),
  issueRule('permit', 'alice-deletes-softly', one('alice'), `${deletes} && ${parameterIs('soft', 'true')}`),
  issueRule('forbid', 'archive', 'is Protem::Agent', `${writes} && ${parameterIs('status', 'archived')}`),
]);

/** The action and what is said of it go with the record that they are about. */
function inOurWords({ subject, action, resource, context }: Case): Record<string, unknown> {
  const said = { ...resource?.properties, ...action?.properties };
  const known = ['soft', 'status'].filter((name) => name in said).map((name) => [name, String(said[name])]);
  return {
    ...(subject && { subject: { type: 'agent', ...subject, id: agentOf(subject.id) } }),
    ...(action && { action: { ...action, name: 'issue' } }),
    ...(resource && {
      resource: {
        type: 'credential',
        id: resource.id,
        properties: {
          ...resource.properties,
          parameters: { ...(action && { access: action.name }), ...Object.fromEntries(known) },
        },
      },
    }),
    ...(context && { context }),
  };
}

const basic: [string, Case, boolean][] = [
  ['2.2.1, rule 1', { subject: alice, action: read, resource: active }, true],
  ['rule 2', { subject: alice, action: write, resource: active }, true],
  ['rule 3', { subject: bob, action: read, resource: active }, true],
  ['2.2.2, rule 4', { subject: bob, action: write, resource: active }, false],
  [
    '2.2.3, with a context',
    {
      subject: alice,
      action: read,
      resource: active,
      context: { time: '2025-06-27T18:03-07:00', ip: '192.0.2.1' },
    },
    true,
  ],
  ['2.2.4, rule 5', { subject: alice, action: write, resource: archived }, false],
  ['2.2.5, rule 6, not believed here', { subject: bobAsAdmin, action: write, resource: archived }, false],
  ['2.2.6, rule 7', { subject: alice, action: remove(true), resource: active }, true],
  ['2.2.7, rule 8', { subject: alice, action: remove(false), resource: active }, false],
  [
    '2.2.8, further properties',
    {
      subject: { ...alice, properties: { department: 'Sales', role: 'manager' } },
      action: { ...read, properties: { method: 'GET' } },
      resource: { ...active, properties: { status: 'active', owner: 'bob' } },
    },
    true,
  ],
];

test.each(basic)('POL-10: AuthZEN certification, basic %s', async (_which, asked, decision) => {
  const { call } = await decisionPoint();
  const body = { ...inOurWords(asked), foo: 'bar', futureField: { nested: true } };
  const headers = { 'x-request-id': 'certification-1' };
  const first = await call('POST', '/access/v1/evaluation', { body, headers });
  expect(first).toMatchObject({ status: 200, json: { decision } });
  expect(first.headers.get('x-request-id')).toBe('certification-1');
  // 2.6: the same again, and again.
  for (let time = 0; time < 2; time++)
    expect((await call('POST', '/access/v1/evaluation', { body })).json).toMatchObject({ decision });
});

const batch: [string, Case, Case[], boolean[]][] = [
  [
    '3.2.1, records of one subject',
    { subject: alice, action: read },
    [
      { resource: active, action: read },
      { resource: { id: 'record-2' }, action: read },
    ],
    [true, true],
  ],
  [
    '3.2.2, actions in their order',
    { subject: bob },
    [
      { action: read, resource: active },
      { action: write, resource: active },
    ],
    [true, false],
  ],
  [
    '3.2.3, properties of each',
    { subject: alice, action: write },
    [
      { action: write, resource: { ...active, properties: { status: 'active' } } },
      { action: write, resource: archived },
    ],
    [true, false],
  ],
  [
    '3.2.4, subjects of each; an administrator by its own word is none',
    { action: write, resource: archived },
    [{ subject: alice }, { subject: bobAsAdmin }],
    [false, false],
  ],
  [
    '3.2.5, all said in each',
    {},
    [
      { subject: alice, action: read, resource: active },
      { subject: bob, action: write, resource: active },
    ],
    [true, false],
  ],
  [
    '3.2.6, a context for all and one of its own',
    { subject: alice, action: read, context: { time: '2025-06-27T18:03-07:00' } },
    [
      { action: read, resource: active },
      { action: read, resource: active, context: { source: 'batch-override' } },
    ],
    [true, true],
  ],
  [
    '3.2.7, whole parts are inherited, and replaced whole',
    { subject: alice, action: write, resource: active },
    [{}, { action: write, resource: archived }],
    [true, false],
  ],
  [
    '3.4.1, one without a resource fails alone',
    { subject: alice, action: read },
    [{ resource: active, action: read }, {}],
    [true, false],
  ],
];

test.each(batch)(
  'POL-10: AuthZEN certification, batch %s',
  async (_which, shared, evaluations, decisions) => {
    const { call } = await decisionPoint();
    const options = { evaluations_semantic: 'execute_all' };
    const body = { ...inOurWords(shared), options, evaluations: evaluations.map(inOurWords) };
    const { status, json } = await call('POST', '/access/v1/evaluations', { body });
    expect(status).toBe(200);
    const answers = json['evaluations'] as { decision: boolean }[];
    expect(answers.map(({ decision }) => decision)).toEqual(decisions);
    expect(json).not.toHaveProperty('decision');
  },
);

test.each([
  ['3.4.2, no evaluations', {}],
  ['3.4.3, none in the list', { evaluations: [] }],
])('POL-10: AuthZEN certification, batch %s: one answer', async (_which, rest) => {
  const { call } = await decisionPoint();
  const body = { ...inOurWords({ subject: alice, action: read, resource: active }), ...rest };
  const { status, json } = await call('POST', '/access/v1/evaluations', { body });
  expect({ status, decision: json['decision'] }).toEqual({ status: 200, decision: true });
  expect(json).not.toHaveProperty('evaluations');
});
