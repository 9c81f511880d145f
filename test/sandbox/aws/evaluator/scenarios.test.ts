import { describe, expect, test } from '@jest/globals';
import { MalformedPolicy, parsePolicy } from '../../../../src/sandbox/aws/evaluator/policy.js';
import { type Case, ours, theirs } from './oracle.js';

const now = 1_800_000_000;
const account = '111122223333';
const roleArn = `arn:aws:iam::${account}:role/agent`;
const object = 'arn:aws:s3:::bkt/a/b';

/** A session of the broker's, `age` seconds old. */
function session(task: string, lease: string, age: number, tag: string | null = task): Case {
  const name = `j.${task}.${lease}`;
  return {
    principal: { arn: `arn:aws:sts::${account}:assumed-role/agent/${name}`, account, roleArn },
    action: 's3:GetObject',
    resource: object,
    resourceAccount: account,
    context: {
      'aws:userid': `AROAXXXXXXXXXXXXXXXXX:${name}`,
      'aws:TokenIssueTime': new Date((now - age) * 1000).toISOString().replace('.000Z', 'Z'),
      'aws:SourceIdentity': task,
      ...(tag === null ? {} : { 'aws:PrincipalTag/jit-task': tag }),
    },
    identity: [
      {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['s3:*', 'sts:AssumeRole'], Resource: '*' }],
      },
    ],
  };
}

const a1 = session('tAAAAAAA', '1', 300);
const a2 = session('tAAAAAAA', '2', 200);
const b1 = session('tBBBBBBB', '1', 400);
const c1 = session('tAAAAAAB', '1', 250);

const deny = (...conditions: object[]): object => ({
  Version: '2012-10-17',
  Statement: conditions.map((Condition) => ({ Effect: 'Deny', Action: '*', Resource: '*', Condition })),
});
const allowAll = { Effect: 'Allow', Action: '*', Resource: '*' };
const withIdentity = (of: Case, policy: object): Case => ({ ...of, identity: [...of.identity, policy] });
const bucketGrant = (arn: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: arn }, Action: 's3:*', Resource: 'arn:aws:s3:::bkt/*' }],
});

/** Task A is revoked: everything older than the cut but task B and its look-alike, and task A by name. */
const revokedA = deny(
  {
    StringLike: { 'aws:userid': ['*:j.*'] },
    StringNotLike: { 'aws:userid': ['*:j.tBBBBBBB.*', '*:j.tAAAAAAB.*'] },
    DateLessThan: { 'aws:TokenIssueTime': new Date((now - 250) * 1000).toISOString().replace('.000Z', 'Z') },
  },
  { StringLike: { 'aws:userid': ['*:j.tAAAAAAA.*'] } },
);

const D = 'explicitly_denied';
const A = 'allowed';
const I = 'implicitly_denied';

const scenarios: readonly [string, Case, string][] = [
  ['1 nothing revoked leaves a session alone', a1, A],
  ['3 a revoked task is denied, first lease', withIdentity(a1, revokedA), D],
  ['3 a revoked task is denied, second lease', withIdentity(a2, revokedA), D],
  ['3 an older live task goes on', withIdentity(b1, revokedA), A],
  ['3 a look-alike task goes on', withIdentity(c1, revokedA), A],
  [
    '5 a session policy cannot rescue',
    { ...withIdentity(a2, revokedA), session: { Version: '2012-10-17', Statement: [allowAll] } },
    D,
  ],
  [
    '6 a bucket policy that names the session cannot rescue',
    { ...withIdentity(a2, revokedA), resourcePolicy: bucketGrant(a2.principal.arn) },
    D,
  ],
  [
    '7 a live session through a bucket policy for the role',
    { ...withIdentity(b1, revokedA), resourcePolicy: bucketGrant(roleArn) },
    A,
  ],
  ...[
    ['8 in the boundary: the revoked task', a2, D] as const,
    ['8 in the boundary: a live task', b1, A] as const,
    [
      '9 in the boundary, with a grant to the session',
      { ...a2, resourcePolicy: bucketGrant(a2.principal.arn) },
      D,
    ] as const,
  ].map(([name, of, expected]): [string, Case, string] => [
    name,
    { ...of, boundary: withAllowAll(revokedA) },
    expected,
  ]),
  ['10 as service control policy: the revoked task', { ...a2, organization: withAllowAll(revokedA) }, D],
  ['10 as service control policy: a live task', { ...b1, organization: withAllowAll(revokedA) }, A],
  ...(
    [
      ['17 a deny by session tag meets its task', a1, D],
      ['17 a deny by session tag spares another', b1, A],
      ['17 a deny by session tag spares one without the tag', session('tAAAAAAA', '1', 300, null), A],
    ] as const
  ).map(([name, of, expected]): [string, Case, string] => [
    name,
    withIdentity(of, deny({ StringEquals: { 'aws:PrincipalTag/jit-task': 'tAAAAAAA' } })),
    expected,
  ]),
  [
    '18 GetCallerIdentity cannot be denied',
    { ...withIdentity(a1, revokedA), action: 'sts:GetCallerIdentity', resource: '*' },
    A,
  ],
  [
    '19 StringEquals takes a wildcard as it stands',
    withIdentity(a1, deny({ StringEquals: { 'aws:userid': '*:j.tAAAAAAA.*' } })),
    A,
  ],
  [
    '20 two keys in one statement are ANDed',
    withIdentity(
      a1,
      deny({
        StringLike: { 'aws:userid': '*:j.tAAAAAAA.*' },
        DateLessThan: { 'aws:TokenIssueTime': '2000-01-01T00:00:00Z' },
      }),
    ),
    A,
  ],
  ['21 the allow-list form denies the others', withIdentity(a1, allowList()), D],
  ['21 the allow-list form spares what it names', withIdentity(b1, allowList()), A],
  [
    '22 a prefixed session unknown to anyone falls to the cut',
    withIdentity(session('tZZZZZZZ', '1', 910), revokedA),
    D,
  ],
  [
    '23 a session without the prefix is never matched',
    withIdentity(
      { ...a1, context: { ...a1.context, 'aws:userid': 'AROAXXXXXXXXXXXXXXXXX:alice@example.com' } },
      revokedA,
    ),
    A,
  ],
  ['a role without policies allows nothing', { ...a1, identity: [] }, I],
  [
    'ISS-02 a session policy narrows what the role allows',
    {
      ...a1,
      action: 's3:PutObject',
      session: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
      },
    },
    I,
  ],
  [
    'a session policy cannot widen what the role allows',
    {
      ...a1,
      identity: [
        { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }] },
      ],
      session: { Version: '2012-10-17', Statement: [allowAll] },
    },
    I,
  ],
];

function withAllowAll(policy: object): object {
  const { Statement } = policy as { Statement: object[] };
  return { Version: '2012-10-17', Statement: [allowAll, ...Statement] };
}

function allowList(): object {
  return deny({ StringNotLike: { 'aws:userid': '*:j.tBBBBBBB.*' } });
}

describe('revocation by deny, as the evaluator and the independent one see it', () => {
  test.each(scenarios)('%s', async (_name, of, expected) => {
    expect(ours(of)).toBe(expected);
    expect(await theirs(of)).toBe(expected);
  });
});

test('a grant to the very session is not limited by its session policy (IAM User Guide)', () => {
  const narrow = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }],
  };
  expect(ours({ ...a1, session: narrow, resourcePolicy: bucketGrant(a1.principal.arn) })).toBe(A);
  expect(ours({ ...a1, session: narrow, resourcePolicy: bucketGrant(roleArn) })).toBe(I);
});

test('variables are plain text in the old policy version', () => {
  const policy = (Version: string) => ({
    Version,
    Statement: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bkt/${aws:SourceIdentity}/b' },
    ],
  });
  const of = { ...a1, resource: 'arn:aws:s3:::bkt/tAAAAAAA/b' };
  expect(ours({ ...of, identity: [policy('2012-10-17')] })).toBe(A);
  expect(ours({ ...of, identity: [policy('2008-10-17')] })).toBe(I);
});

test('a date may be seconds since the epoch', () => {
  const before = (seconds: number) => deny({ DateLessThan: { 'aws:TokenIssueTime': `${seconds}` } });
  expect(ours(withIdentity(a1, before(now - 299)))).toBe(D);
  expect(ours(withIdentity(a1, before(now - 300)))).toBe(A);
});

test('a policy variable cannot reach what is no context key', () => {
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 's3:*',
        Resource: ['arn:aws:s3:::${constructor}', 'arn:aws:s3:::${__proto__}/*'],
      },
    ],
  };
  expect(ours({ ...a1, identity: [policy] })).toBe(I);
});

describe('a document outside the grammar, or outside what is modelled, is refused', () => {
  const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  const broken: readonly [string, unknown][] = [
    ['text', 'Allow'],
    ['no statement', { Version: '2012-10-17' }],
    ['no statements', { Version: '2012-10-17', Statement: [] }],
    ['an unknown version', { Version: '2026-01-01', Statement: [statement] }],
    ['an unknown element', { Statement: [{ ...statement, Actions: 's3:*' }] }],
    ['an effect in lower case', { Statement: [{ ...statement, Effect: 'allow' }] }],
    ['both Action and NotAction', { Statement: [{ ...statement, NotAction: 's3:*' }] }],
    ['no Resource', { Statement: [{ Effect: 'Allow', Action: 's3:*' }] }],
    ['an empty Action', { Statement: [{ ...statement, Action: [] }] }],
    ['an action without its service', { Statement: [{ ...statement, Action: 'GetObject' }] }],
    ['a resource that is no ARN', { Statement: [{ ...statement, Resource: 'bkt/*' }] }],
    ['a principal', { Statement: [{ ...statement, Principal: '*' }] }],
    [
      'an operator that is not modelled',
      { Statement: [{ ...statement, Condition: { IpAddress: { k: '::1' } } }] },
    ],
    ['NullIfExists', { Statement: [{ ...statement, Condition: { NullIfExists: { k: 'true' } } }] }],
    ['an empty list of values', { Statement: [{ ...statement, Condition: { StringEquals: { k: [] } } }] }],
    ['a date that is none', { Statement: [{ ...statement, Condition: { DateEquals: { k: 'yesterday' } } }] }],
  ];
  test.each(broken)('%s', (_name, document) => {
    expect(() => parsePolicy(JSON.stringify(document))).toThrow(MalformedPolicy);
  });

  test('what is no JSON', () => {
    expect(() => parsePolicy('{')).toThrow(MalformedPolicy);
  });

  test('a resource or trust policy without a principal', () => {
    expect(() => parsePolicy(JSON.stringify({ Statement: [statement] }), 'resource')).toThrow(
      MalformedPolicy,
    );
    expect(() => parsePolicy(JSON.stringify({ Statement: [statement] }), 'trust')).toThrow(MalformedPolicy);
  });
});
