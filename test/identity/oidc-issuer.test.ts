import { describe, expect, test } from '@jest/globals';
import { jwksOf, makeSigner, signJws, unsignedJws } from './signer.js';
import { broker, startSeconds, trusting } from './trusting.js';

const key = makeSigner('RS256', 'k1');
const keys = { inline: jwksOf(key) };
const times = { iat: startSeconds, exp: startSeconds + 300 };

describe('any issuer', () => {
  const issuer = 'https://issuer.example/tenant';
  const claims = {
    iss: issuer,
    sub: 'job-7',
    aud: broker,
    team: 'reports',
    groups: ['a', 'b'],
    n: 7,
    ...times,
  };
  const rules = [
    {
      where: { team: 'reports', n: 7 },
      kind: 'agent',
      id: 'job:{{sub}}',
      claims: { team: 'team', number: 'n' },
    },
    {
      where: { groups: ['admins', 'b'] },
      kind: 'operator',
      id: 'person:{{sub}}',
      roles: ['approver', 'viewer'],
    },
    { where: { sub: 'robot-*', team: 'ci' }, kind: 'orchestrator', id: 'robot:{{ sub }}' },
  ];
  const ask = (token: string, change: Record<string, unknown> = {}) =>
    trusting({ issuers: [{ issuer, keys, rules, ...change }] }).ask(token);

  test('WID-10: a token becomes the principal its rule names', async () => {
    expect(await ask(signJws(key, claims, { typ: 'JWT', x5t: 'ignored' }))).toEqual({
      principal: {
        id: 'job:job-7',
        kind: 'agent',
        issuer,
        roles: [],
        claims: { team: 'reports', number: 7 },
        proofIssuedAt: startSeconds * 1000,
        proofExpiresAt: (startSeconds + 300) * 1000,
      },
    });
  });

  test('DEL-02: whom it says may act for its subject is kept, and a shape that nobody can check is refused', async () => {
    const mayAct = { sub: 'admin@example.net', iss: 'https://issuer.example.net' };
    const saying = (may_act: unknown) => ask(signJws(key, { ...claims, may_act }));
    expect(await saying(mayAct)).toMatchObject({ principal: { mayAct } });
    for (const odd of ['admin@example.net', ['x'], null, 7])
      expect(await saying(odd)).toEqual({ refused: 'oidc.may_act' });
  });

  test("no token proves one of the broker's own names, whatever a rule makes of it", async () => {
    const rules = [{ where: { team: 'reports' }, kind: 'agent', id: 'protem:{{sub}}' }];
    const token = signJws(key, { ...claims, sub: 'canary' });
    expect(await ask(token, { rules })).toEqual({ refused: 'oidc.subject' });
  });

  const without = (...names: string[]) =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));

  test.each<[string, string, string]>([
    ['another issuer', signJws(key, { ...claims, iss: 'https://issuer.example' }), 'issuer.unknown'],
    ['an issuer with a slash more', signJws(key, { ...claims, iss: `${issuer}/` }), 'issuer.unknown'],
    ['an issuer that is no text', signJws(key, { ...claims, iss: [issuer] }), 'issuer.unknown'],
    ['no audience', signJws(key, without('aud')), 'oidc.no_audience'],
    ['another audience', signJws(key, { ...claims, aud: 'https://other.example' }), 'oidc.audience'],
    ['a longer audience', signJws(key, { ...claims, aud: `${broker}/` }), 'oidc.audience'],
    ['two audiences', signJws(key, { ...claims, aud: [broker, 'x'] }), 'oidc.many_audiences'],
    ['no expiry', signJws(key, without('exp')), 'oidc.no_expiry'],
    ['an expiry past', signJws(key, { ...claims, exp: startSeconds - 5 }), 'oidc.expired'],
    ['an expiry that is no number', signJws(key, { ...claims, exp: null }), 'oidc.malformed_time'],
    [
      'an infinite expiry',
      signJws(key, JSON.stringify(claims).replace(`${times.exp}`, '1e999')),
      'oidc.malformed_time',
    ],
    ['a start to come', signJws(key, { ...claims, nbf: startSeconds + 60 }), 'oidc.not_yet_valid'],
    ['an issue to come', signJws(key, { ...claims, iat: startSeconds + 60 }), 'oidc.issued_in_future'],
    ['a life too long', signJws(key, { ...claims, iat: startSeconds - 3500 }), 'oidc.lifetime'],
    ['no subject', signJws(key, without('sub')), 'oidc.no_subject'],
    ['an unlisted algorithm', signJws(makeSigner('PS256', 'k1'), claims), 'oidc.algorithm'],
    ['no algorithm', unsignedJws(claims, { alg: 'none' }, 'AA'), 'oidc.algorithm'],
    ['an unknown kid', signJws(key, claims, { kid: 'k2' }), 'oidc.unknown_key'],
    ['the wrong key', signJws(makeSigner('RS256', 'k1'), claims), 'oidc.signature'],
    ['the type of a logout token', signJws(key, claims, { typ: 'logout+jwt' }), 'oidc.type'],
    ['the type of a DPoP proof', signJws(key, claims, { typ: 'dpop+jwt' }), 'oidc.type'],
    ['no rule for it', signJws(key, { ...claims, team: 'web', groups: [] }), 'oidc.subject'],
    ['a subject that cannot be an id', signJws(key, { ...claims, sub: 'job 7' }), 'oidc.claim'],
    ['a kept claim that is no scalar', signJws(key, { ...claims, team: ['reports'] }), 'oidc.claim'],
  ])('WID-10: a token with %s is refused', async (_, token, reason) => {
    expect(await ask(token)).toEqual({ refused: reason });
  });

  test('a token without kid is taken when the issuer has one key, and not when it has two', async () => {
    const token = signJws(key, claims, { kid: undefined });
    expect(await ask(token)).toHaveProperty('principal');
    const two = { keys: { inline: jwksOf(key, makeSigner('RS256', 'k2')) } };
    expect(await ask(token, two)).toEqual({ refused: 'oidc.unknown_key' });
  });

  test('OPS-04: each kind comes from its own rule, and only an operator has roles', async () => {
    const person = signJws(key, { ...claims, team: 'people' });
    expect(await ask(person)).toMatchObject({
      principal: { kind: 'operator', id: 'person:job-7', roles: ['approver', 'viewer'] },
    });
    const robot = signJws(key, { ...claims, team: 'ci', groups: [], sub: 'robot-1' });
    expect(await ask(robot)).toMatchObject({
      principal: { kind: 'orchestrator', id: 'robot:robot-1', roles: [] },
    });
  });

  test('the first rule that matches decides', async () => {
    expect(await ask(signJws(key, claims))).toMatchObject({ principal: { kind: 'agent' } });
    expect(await ask(signJws(key, claims), { rules: rules.toReversed() })).toMatchObject({
      principal: { kind: 'operator' },
    });
  });

  test('a claim of an inherited name is no claim', async () => {
    const change = { rules: [{ where: { constructor: 'x*', toString: 'y' }, kind: 'agent', id: 'x' }] };
    expect(await ask(signJws(key, claims), change)).toEqual({ refused: 'oidc.subject' });
  });

  test('a claim that is kept is there, is not, or refuses the token; it is never cut', async () => {
    const kept = { note: 'note', made: 'constructor' };
    const change = { rules: [{ where: { sub: 'job-7' }, kind: 'agent', id: 'x', claims: kept }] };
    const claimsFor = async (note: unknown) => {
      const answer = await ask(signJws(key, { ...claims, note }), change);
      return 'principal' in answer ? answer.principal.claims : answer.refused;
    };
    expect(await claimsFor(undefined)).toEqual({});
    expect(await claimsFor(null)).toEqual({});
    expect(await claimsFor(false)).toEqual({ note: false });
    expect(await claimsFor('x'.repeat(1024))).toEqual({ note: 'x'.repeat(1024) });
    expect(await claimsFor('x'.repeat(1025))).toBe('oidc.claim');
    expect(await claimsFor({})).toBe('oidc.claim');
  });

  test('numbers that a double cannot tell apart match nothing', async () => {
    const change = { rules: [{ where: { n: '9007199254740992' }, kind: 'agent', id: 'x' }] };
    const payload = JSON.stringify(claims).replace('"n":7', '"n":9007199254740993');
    expect(payload).toContain('9007199254740993');
    expect(await ask(signJws(key, payload), change)).toEqual({ refused: 'oidc.subject' });
  });

  test('an OIDC issuer cannot speak for a SPIFFE ID', async () => {
    const token = signJws(key, { ...claims, sub: 'spiffe://a.example/agents/x' });
    expect(await ask(token)).toEqual({ refused: 'svid.trust_domain' });
  });

  test('the audience can be set for one issuer', async () => {
    const token = signJws(key, { ...claims, aud: 'api://protem' });
    expect(await ask(token, { audience: 'api://protem' })).toHaveProperty('principal');
    expect(await ask(signJws(key, claims), { audience: 'api://protem' })).toEqual({
      refused: 'oidc.audience',
    });
  });

  test('two subjects never get one id', async () => {
    const change = { rules: [{ where: { team: 'reports' }, kind: 'agent', id: 'x:{{a}}:{{b}}' }] };
    const idOf = async (a: string, b: string) => {
      const answer = await ask(signJws(key, { ...claims, a, b }), change);
      return 'principal' in answer ? answer.principal.id : answer.refused;
    };
    expect(await idOf('1', '2:3')).toBe('x:1:2:3');
    expect(await idOf('1:2', '3')).toBe('oidc.claim');
  });
});

describe('a Kubernetes cluster, by settings alone', () => {
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const pod = { name: 'reports-6d4cf56db6-x2x7p', uid: '1c6b2a9e-2b7d-4a6d-8f9a-111111111111' };
  const kubernetes = (namespace: string, serviceaccount: string) => ({
    iss: issuer,
    aud: [broker],
    sub: `system:serviceaccount:${namespace}:${serviceaccount}`,
    jti: 'aed34954-b33a-4142-b1ec-389d6bbb4936',
    nbf: startSeconds,
    iat: startSeconds,
    exp: startSeconds + 3600,
    'kubernetes.io': {
      namespace,
      node: { name: 'node-1', uid: '646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1' },
      pod,
      serviceaccount: { name: serviceaccount, uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
      warnafter: startSeconds + 1800,
    },
  });
  const settings = {
    issuer,
    keys,
    rules: [
      {
        where: { '/kubernetes.io/namespace': 'agents' },
        kind: 'agent',
        id: 'k8s:{{/kubernetes.io/namespace}}:{{/kubernetes.io/serviceaccount/name}}',
        claims: { pod: '/kubernetes.io/pod/name', node: '/kubernetes.io/node/name' },
      },
    ],
  };
  const ask = (claims: unknown, change: Record<string, unknown> = {}) =>
    trusting({ issuers: [{ ...settings, ...change }] }).ask(signJws(key, claims));

  test('WID-11: a projected service account token names the service account', async () => {
    expect(await ask(kubernetes('agents', 'reports'))).toMatchObject({
      principal: { id: 'k8s:agents:reports', kind: 'agent', claims: { pod: pod.name, node: 'node-1' } },
    });
  });

  test('WID-11: another namespace is refused', async () => {
    expect(await ask(kubernetes('agents-dev', 'reports'))).toEqual({ refused: 'oidc.subject' });
  });

  test('WID-11: a legacy token is refused, by its issuer and for want of an end', async () => {
    const { exp: _, ...endless } = kubernetes('agents', 'reports');
    expect(await ask({ ...endless, iss: 'kubernetes/serviceaccount' })).toEqual({
      refused: 'issuer.unknown',
    });
    expect(await ask(endless)).toEqual({ refused: 'oidc.no_expiry' });
  });

  test('WID-11: a pod on the deny list is refused though its token is good', async () => {
    const deny = [{ claim: '/kubernetes.io/pod/uid', values: [pod.uid] }];
    expect(await ask(kubernetes('agents', 'reports'), { deny })).toEqual({ refused: 'oidc.denied' });
    const others = [{ claim: '/kubernetes.io/pod/uid', values: ['another'] }];
    expect(await ask(kubernetes('agents', 'reports'), { deny: others })).toHaveProperty('principal');
  });
});

describe('GitHub Actions, by settings alone', () => {
  const issuer = 'https://token.actions.githubusercontent.com';
  const run = (change: Record<string, unknown>) => ({
    iss: issuer,
    aud: broker,
    sub: 'repo:octo-org/octo-repo:ref:refs/heads/main',
    repository: 'octo-org/octo-repo',
    repository_id: '74',
    repository_owner_id: '65',
    environment: 'prod',
    event_name: 'push',
    ref: 'refs/heads/main',
    runner_environment: 'github-hosted',
    run_id: 'example-run-id',
    ...times,
    ...change,
  });
  const settings = {
    issuer,
    keys,
    algorithms: ['RS256'],
    rules: [
      {
        where: { repository_id: 74, repository_owner_id: '65' },
        kind: 'agent',
        id: 'github:{{repository_id}}',
        claims: { event_name: 'event_name', runner_environment: 'runner_environment', ref: 'ref' },
      },
    ],
  };
  const ask = (claims: unknown) =>
    trusting({ issuers: [settings] }).ask(signJws(key, claims, { x5t: 'thumbprint' }));

  test('WID-12: both forms of sub of one repository are one agent', async () => {
    const [old, immutable] = await Promise.all([
      ask(run({})),
      ask(run({ sub: 'repo:octo-org@65/octo-repo@74:ref:refs/heads/main' })),
    ]);
    expect(old).toEqual(immutable);
    expect(old).toMatchObject({
      principal: { id: 'github:74', claims: { runner_environment: 'github-hosted' } },
    });
  });

  test('WID-12: the same sub from another repository, a recycled name, is refused', async () => {
    expect(await ask(run({ repository_id: '75' }))).toEqual({ refused: 'oidc.subject' });
  });

  test('WID-12: policy sees that a run is of a pull request', async () => {
    expect(await ask(run({ event_name: 'pull_request' }))).toMatchObject({
      principal: { claims: { event_name: 'pull_request' } },
    });
  });
});
