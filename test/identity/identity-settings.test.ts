import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { identitySettings } from '../../src/identity/identity-settings.js';

const rule = { where: { sub: 'x' }, kind: 'agent', id: 'x' };
const issuer = { issuer: 'https://issuer.example', rules: [rule] };
const trustDomain = {
  name: 'a.example',
  bundle: { url: 'https://a.example/bundle' },
  rules: [{ path: '/agents/*', kind: 'agent' }],
};
const problemsOf = (sections: unknown) => {
  const parsed = identitySettings.safeParse({ audience: 'https://broker.example', ...(sections as object) });
  return parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
};
const ofIssuer = (change: object) => problemsOf({ issuers: [{ ...issuer, ...change }] });
const ofRule = (change: object) => ofIssuer({ rules: [{ ...rule, ...change }] });
const ofDomain = (change: object) => problemsOf({ trustDomains: [{ ...trustDomain, ...change }] });

test('the plainest settings are taken, with everything else at its default', () => {
  expect(problemsOf({ issuers: [issuer], trustDomains: [trustDomain], agents: [] })).toEqual([]);
  const settings = identitySettings.parse({ audience: 'https://broker.example', issuers: [issuer] });
  expect(settings).toMatchObject({
    issuers: [{ keys: 'discovery', algorithms: ['ES256', 'RS256'], maximumLifetime: 3600, allowHttp: false }],
    trustDomains: [],
  });
});

test('an unknown key is an error', () => {
  expect(ofIssuer({ jwks: 'x' })).toHaveLength(1);
  expect(ofRule({ rolls: [] })).toHaveLength(1);
  expect(ofDomain({ bundel: {} })).toHaveLength(1);
});

test('all problems are told at once, each with its path', () => {
  expect(
    problemsOf({
      issuers: [{ ...issuer, algorithms: ['none'] }],
      trustDomains: [{ ...trustDomain, name: 'A' }],
    }),
  ).toEqual([
    expect.stringMatching(/^issuers\.0\.algorithms\.0: /),
    expect.stringMatching(/^trustDomains\.0\.name: /),
  ]);
});

describe('WID-10: an issuer needs a condition on the subject', () => {
  const said = 'issuers.0.rules.0.where: needs at least one condition on the subject without "*"';
  test.each([
    [{}],
    [{ sub: '*' }],
    [{ sub: 'repo:*' }],
    [{ sub: ['exact', 'repo:*'] }],
    [{ iss: 'https://issuer.example' }],
    [{ aud: 'https://broker.example' }],
    [{ aud: 'https://broker.example', sub: '*' }],
  ])('%j is refused', (where) => expect(ofRule({ where })).toContain(said));
  test.each([[{ sub: 'x' }], [{ sub: 'repo:*', repository_id: 74 }], [{ '/a/b': ['x', 'y'] }]])(
    '%j is enough',
    (where) => expect(ofRule({ where })).toEqual([]),
  );
  test('no rule at all is refused', () => expect(ofIssuer({ rules: [] })).toHaveLength(1));
});

test.each(['none', 'HS256', 'HS384', 'HS512', 'RS1', 'es256'])(
  'WID-10: algorithm %s cannot be configured',
  (alg) => {
    expect(ofIssuer({ algorithms: ['ES256', alg] })).toHaveLength(1);
  },
);

test('WID-10: plain http is refused unless it is told by name', () => {
  const http = { issuer: 'http://issuer.example' };
  expect(ofIssuer(http)).toEqual(['issuers.0.issuer: must be an https URL (or set allowHttp)']);
  expect(ofIssuer({ ...http, allowHttp: true })).toEqual([]);
  expect(ofIssuer({ keys: { url: 'http://issuer.example/jwks' } })).toHaveLength(1);
  expect(ofDomain({ bundle: { url: 'http://a.example/bundle' } })).toHaveLength(1);
  expect(ofDomain({ bundle: { url: 'http://a.example/bundle' }, allowHttp: true })).toEqual([]);
  expect(ofIssuer({ issuer: 'kubernetes/serviceaccount' })).toHaveLength(1);
  expect(ofIssuer({ issuer: 'file:///etc/passwd', allowHttp: true })).toHaveLength(1);
});

test('OPS-04: roles are for operators, and operators need one', () => {
  expect(ofRule({ roles: ['admin'] })).toEqual(['issuers.0.rules.0.roles: an agent cannot have roles']);
  expect(ofRule({ kind: 'orchestrator', roles: ['viewer'] })).toHaveLength(1);
  expect(ofRule({ kind: 'operator' })).toEqual([
    'issuers.0.rules.0.roles: an operator needs at least one role',
  ]);
  expect(ofRule({ kind: 'operator', roles: ['admin'] })).toEqual([]);
  expect(ofRule({ kind: ['agent', 'operator'] })).toHaveLength(1);
  expect(ofDomain({ rules: [{ path: '/x', kind: 'operator' }] })).toHaveLength(1);
});

test.each([
  ['{{sub}}', 'must begin with a text'],
  ['a:{{x}}{{y}}', 'needs a text between'],
  ['spiffe://a.example/{{sub}}', 'must not look like a SPIFFE ID'],
  ['a b', 'printable'],
  ['a:{sub}', 'printable'],
  ['a:{{sub}', 'printable'],
  ['', 'must begin with a text'],
])('the id %p is refused', (id, said) => {
  expect(ofRule({ id })).toEqual([expect.stringContaining(said)]);
});

describe('WID-01: one id is one principal', () => {
  const other = (id: string, kind = 'agent') => ({
    issuer: 'https://other.example',
    rules: [{ where: { sub: 'y' }, kind, id, ...(kind === 'operator' && { roles: ['viewer'] }) }],
  });
  const first = (id: string) => ({ ...issuer, rules: [{ ...rule, id }] });
  test.each<[string, string, number]>([
    ['ci:{{sub}}', 'ci:{{sub}}', 1],
    ['ci:{{sub}}', 'ci:x-{{sub}}', 1],
    ['ci:{{sub}}', 'ci:7', 1],
    ['ci:{{sub}}', 'k8s:{{sub}}', 0],
    ['reports', 'reports', 0],
    ['reports', 'report', 0],
  ])('%s and %s of two issuers', (one, two, problems) => {
    expect(problemsOf({ issuers: [first(one), other(two)] })).toHaveLength(problems);
    expect(problemsOf({ issuers: [other(two), first(one)] })).toHaveLength(problems);
  });

  test('OPS-04: an id cannot be of two kinds', () => {
    expect(problemsOf({ issuers: [first('reports'), other('reports', 'operator')] })).toHaveLength(1);
    const rules = [rule, { ...rule, kind: 'operator', roles: ['viewer'] }];
    expect(ofIssuer({ rules })).toEqual([expect.stringContaining('another kind')]);
  });

  test('the inventory names an agent once', () => {
    const agent = { id: 'spiffe://a.example/agents/x', owner: 'team-a', purpose: 'reports' };
    expect(problemsOf({ agents: [agent] })).toEqual([]);
    expect(problemsOf({ agents: [agent, { ...agent, owner: 'team-b', purpose: 'something else' }] })).toEqual(
      ['agents.1.id: "spiffe://a.example/agents/x" is already in the list'],
    );
    expect(problemsOf({ agents: [{ ...agent, owner: '' }] })).toHaveLength(1);
  });

  test('an issuer and a trust domain are there once', () => {
    expect(problemsOf({ issuers: [issuer, issuer] })).toContain(
      'issuers.1.issuer: "https://issuer.example" is already in the list',
    );
    expect(problemsOf({ trustDomains: [trustDomain, trustDomain] })).toHaveLength(1);
  });
});

test.each(['/*', '/', '', 'agents', '/agents/', '/agents*', '/a/*/b', '/../*'])(
  'the SVID rule path %p is refused',
  (path) => {
    expect(ofDomain({ rules: [{ path, kind: 'agent' }] })).toHaveLength(1);
  },
);

test('the example of the documentation is taken', () => {
  const example = `
audience: https://protem.example.com
issuers:
  - issuer: https://token.actions.githubusercontent.com
    algorithms: [RS256]
    rules:
      - where: { repository_id: "74", repository_owner_id: "65", environment: production }
        kind: agent
        id: "github:{{repository_id}}"
        claims: { event_name: event_name, runner_environment: runner_environment }
  - issuer: https://kubernetes.default.svc.cluster.local
    keys: { url: https://kubernetes.default.svc/openid/v1/jwks }
    keysAccess:
      caFile: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
      bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
    deny:
      - { claim: /kubernetes.io/pod/uid, values: [1c6b2a9e-2b7d-4a6d-8f9a-111111111111] }
    rules:
      - where: { /kubernetes.io/namespace: agents }
        kind: agent
        id: "k8s:{{/kubernetes.io/namespace}}:{{/kubernetes.io/serviceaccount/name}}"
        claims: { pod: /kubernetes.io/pod/name }
  - issuer: https://login.example.com
    audience: protem
    maximumLifetime: 8h
    rules:
      - where: { groups: protem-admins }
        kind: operator
        id: "person:{{email}}"
        roles: [viewer, approver, admin]
trustDomains:
  - name: prod.example.com
    bundle: { url: https://spire.example.com/bundle }
    rules:
      - { path: /agents/*, kind: agent }
      - { path: /ci/runner, kind: orchestrator }
agents:
  - { id: "github:74", owner: team-reports, purpose: nightly reports }
`;
  expect(identitySettings.safeParse(parse(example)).error?.issues).toBeUndefined();
});
