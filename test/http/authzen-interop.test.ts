import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { entry } from '../fake/broker-ports.js';
import { agentOf, decisionPointOver, issueRule, parameterIs } from './decision-point.js';

/*
 * The interop scenarios of the AuthZEN working group: what its harnesses ask and expect (test/fixtures/README.md), asked
 * of our endpoints. A user is an agent here, what is done to a todo or a route a parameter of the entry named for it. A
 * PDP of the scenario keeps the roles of its five users; this one keeps none, so policy says who is what.
 */
interface Entity {
  readonly type: string;
  readonly id: string;
  readonly properties?: { readonly ownerID?: string };
}
interface Asked {
  readonly subject: Entity;
  readonly action: { readonly name: string };
  readonly resource?: Entity;
  readonly evaluations?: readonly { readonly resource: Entity }[];
}
interface Case<Expected> {
  readonly request: Asked;
  readonly expected: Expected;
}
interface Cases {
  readonly evaluation: readonly Case<boolean>[];
  readonly evaluations: readonly Case<readonly { decision: boolean }[]>[];
}
const casesOf = (name: string) =>
  JSON.parse(readFileSync(`test/fixtures/authzen/${name}.json`, 'utf8')) as Cases;
const todo = casesOf('todo');
const gateways = casesOf('gateways');

const userOf = (letter: string) => `CiRmZD${letter}2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs`;
const [rick, morty, summer] = [userOf('A'), userOf('E'), userOf('I')];
const one = (id: string) => `== Protem::Agent::"${agentOf(id)}"`;
const any = (name: string, values: readonly string[]) =>
  values.map((value) => `(${parameterIs(name, value)})`).join(' || ');

const owners = ['rick@the-citadel.com', 'morty@the-citadel.com', 'summer@the-smiths.com'];
const emails = [...owners, 'beth@the-smiths.com', 'jerry@the-smiths.com', ''];
const todoActions = ['can_read_todos', 'can_create_todo', 'can_update_todo', 'can_delete_todo'];
const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const routes: Readonly<Record<string, string>> = {
  '/users/{userId}': 'route-user',
  '/todos': 'route-todos',
  '/todos/{todoId}': 'route-todo',
};

const enumOf = (values: readonly string[], fallback?: string) => ({
  type: 'enum' as const,
  values,
  ...(fallback !== undefined && { default: fallback }),
});
const entries = [
  entry('pretend', { name: 'user', parameters: { does: enumOf(['can_read_user']) } }),
  entry('pretend', { name: 'todo', parameters: { does: enumOf(todoActions), owner: enumOf(emails, '') } }),
  ...Object.values(routes).map((name) => entry('pretend', { name, parameters: { does: enumOf(methods) } })),
];

const reading = any('does', ['can_read_user', 'can_read_todos', 'GET']);
const changingOwn = any('does', ['can_update_todo', 'can_delete_todo']);
/** An editor creates, and changes what is its own; a route does not say whose a todo is. */
const editor = (name: string, id: string, email: string) => [
  issueRule('permit', `${name}-creates`, one(id), any('does', ['can_create_todo', 'POST', 'PUT', 'DELETE'])),
  issueRule('permit', `${name}-owns`, one(id), `(${changingOwn}) && ${parameterIs('owner', email)}`),
];
const decisionPoint = decisionPointOver(entries, [
  issueRule('permit', 'all-read', 'is Protem::Agent', reading),
  issueRule('permit', 'rick-does-all', one(rick), 'true'),
  ...editor('morty', morty, 'morty@the-citadel.com'),
  ...editor('summer', summer, 'summer@the-smiths.com'),
]);

const resourceInOurWords = ({ type, id, properties }: Entity, does: string) => ({
  type: 'credential',
  id: type === 'route' ? routes[id] : type,
  properties: {
    parameters: { does, ...(properties?.ownerID !== undefined && { owner: properties.ownerID }) },
  },
});
const inOurWords = ({ subject, action: { name }, resource, evaluations }: Asked) => ({
  subject: { type: 'agent', id: agentOf(subject.id) },
  action: { name: 'issue' },
  ...(resource && { resource: resourceInOurWords(resource, name) }),
  ...(evaluations && {
    evaluations: evaluations.map((each) => ({ resource: resourceInOurWords(each.resource, name) })),
  }),
});

test('POL-10: the interop cases are whole: 40 and 3 of the todo application, 25 of the API gateways', () => {
  const counts = [todo.evaluation, todo.evaluations, gateways.evaluation].map(({ length }) => length);
  expect(counts).toEqual([40, 3, 25]);
});

test.each([
  ['todo application', todo],
  ['API gateways', gateways],
] as const)(
  'POL-10: AuthZEN interop, %s: every evaluation is as the harness expects',
  async (_name, cases) => {
    const { call } = await decisionPoint();
    for (const { request, expected } of cases.evaluation) {
      const { status, json } = await call('POST', '/access/v1/evaluation', { body: inOurWords(request) });
      expect({ request, status, decision: json['decision'] }).toEqual({
        request,
        status: 200,
        decision: expected,
      });
      // A no is one of policy, not of a request that was misunderstood.
      if (!expected) expect(json).toMatchObject({ context: { reason: 'policy.denied' } });
    }
  },
);

test('POL-10: AuthZEN interop, todo application: every batch is as the harness expects', async () => {
  const { call } = await decisionPoint();
  for (const { request, expected } of todo.evaluations) {
    const { status, json } = await call('POST', '/access/v1/evaluations', { body: inOurWords(request) });
    const decisions = (json['evaluations'] as { decision: boolean }[]).map(({ decision }) => ({ decision }));
    expect({ status, decisions }).toEqual({ status: 200, decisions: expected });
  }
});
