import { describe, expect, test } from '@jest/globals';
import { awsSts, openAwsSts } from '../../../src/issuance/providers/aws-sts/index.js';
import type { AwsStsScope } from '../../../src/issuance/providers/aws-sts/scope.js';
import type { Order } from '../../../src/issuance/provider.js';

const role = 'arn:aws:iam::111122223333:role/jit/reports';
const sandbox = { accessKeyId: 'AKIAX', secretAccessKey: 'not-a-real-secret' };

describe('settings', () => {
  test('a region is enough', () => {
    expect(awsSts.settings.parse({ region: 'eu-central-1' })).toMatchObject({
      sessionPrefix: 'j',
      timeout: 5,
    });
  });

  const wrong: readonly [string, object, string][] = [
    ['an unknown key', { accessKey: 'x' }, ''],
    ['no region', { region: undefined }, 'region'],
    ['keys against AWS', { credentials: sandbox }, 'credentials'],
    [
      'keys against a host elsewhere',
      { credentials: sandbox, endpoint: 'https://sts.example.com' },
      'credentials',
    ],
    ['plain http elsewhere', { endpoint: 'http://sts.example.com' }, 'endpoint'],
    ['a prefix that a policy could not tell apart', { sessionPrefix: 'j*' }, 'sessionPrefix'],
    ['more than an hour on the way', { via: { role }, maximumTtl: '2h' }, 'maximumTtl'],
    ['more than 12 hours', { maximumTtl: '13h' }, 'maximumTtl'],
    ['a slice of seconds', { sliceTtl: '59s' }, 'sliceTtl'],
    ['a slice that is no shorter than a session', { sliceTtl: '16m' }, 'sliceTtl'],
    ['a role that is none', { via: { role: 'reports' } }, 'via.role'],
  ];
  test.each(wrong)('%s is refused where it stands', (_name, part, path) => {
    const parsed = awsSts.settings.safeParse({ region: 'eu-central-1', ...part });
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  test('the secret of the sandbox prints as [secret]', () => {
    const parsed = awsSts.settings.parse({
      region: 'eu-central-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: sandbox,
    });
    expect(JSON.stringify(parsed)).not.toContain(sandbox.secretAccessKey);
  });

  test('every setting has a sentence', () => {
    const fields = Object.entries(
      (awsSts.settings as unknown as { shape: Record<string, { description?: string }> }).shape,
    );
    expect(fields.filter(([, field]) => !field.description)).toEqual([]);
  });
});

const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::reports/{{prefix}}/*' };
const policyWith = (...statements: object[]) => ({ role, sessionPolicy: { Statement: statements } });

describe('POL-05 the session policy of an entry', () => {
  test('is taken as it is, with its version filled in', () => {
    expect(awsSts.scope.parse(policyWith(statement))).toEqual({
      role,
      roles: [],
      cutOff: [],
      chainedRoles: [],
      sessionPolicy: { Version: '2012-10-17', Statement: [statement] },
      policyArns: [],
      tags: false,
      sourceIdentity: false,
    });
  });

  const narrow: readonly [string, object][] = [
    ['one service on everything', { ...statement, Action: 's3:*', Resource: '*' }],
    ['reading of iam', { ...statement, Action: ['iam:GetRole', 'IAM:List*'], Resource: '*' }],
    ['GetCallerIdentity', { ...statement, Action: 'sts:GetCallerIdentity', Resource: '*' }],
    ['a deny of everything else', { Effect: 'Deny', NotAction: 's3:*', Resource: '*' }],
    [
      'a parameter in a condition',
      { ...statement, Condition: { StringLike: { 's3:prefix': ['{{prefix}}/*'] } } },
    ],
  ];
  test.each(narrow)('%s is allowed', (_name, one) => {
    expect(awsSts.scope.safeParse(policyWith(one)).error).toBeUndefined();
  });

  const wide: readonly [string, object, RegExp][] = [
    [
      'every action on everything',
      { ...statement, Action: '*', Resource: '*' },
      /every service on every resource/,
    ],
    ['every action among others', { ...statement, Action: ['s3:GetObject', '*:*'] }, /every service/],
    ['iam:*', { ...statement, Action: 'iam:*', Resource: '*' }, /what the session is held to/],
    ['IAM in capitals', { ...statement, Action: 'IAM:PutRolePolicy' }, /what the session is held to/],
    ['iam behind a wildcard', { ...statement, Action: 'i?m:Pu*' }, /what the session is held to/],
    ['passing a role', { ...statement, Action: 'iam:PassRole' }, /what the session is held to/],
    ['assuming a role', { ...statement, Action: 'sts:AssumeRole' }, /sts:AssumeRole/],
    ['assuming a role, behind a wildcard', { ...statement, Action: 'sts:*' }, /sts:AssumeRole/],
    ['tagging sessions', { ...statement, Action: 'sts:TagSession' }, /sts:TagSession/],
    ['slicing itself', { ...statement, Action: 'sts:getscopedcredentials' }, /sts:GetScopedCredentials/],
    ['all but something', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, /names what it allows/],
    ['all but somewhere', { Effect: 'Allow', Action: 's3:*', NotResource: 'x' }, /names what it allows/],
    ['a parameter as action', { ...statement, Action: 's3:{{verb}}' }, /parameters may stand in/],
    [
      'a parameter as operator',
      { ...statement, Condition: { '{{x}}': { k: 'v' } } },
      /parameters may stand in/,
    ],
    ['no action', { Effect: 'Allow', Resource: '*' }, /either Action or NotAction/],
    ['both resource and its opposite', { ...statement, NotResource: '*' }, /either Resource or NotResource/],
    ['a principal', { ...statement, Principal: '*' }, /Unrecognized key/],
  ];
  test.each(wide)('%s is refused', (_name, one, message) => {
    const { error } = awsSts.scope.safeParse(policyWith(one));
    expect(JSON.stringify(error?.issues)).toMatch(message);
  });

  test('has to be there', () => {
    expect(awsSts.scope.safeParse({ role }).success).toBe(false);
    expect(awsSts.scope.safeParse({ role, sessionPolicy: { Statement: [] } }).success).toBe(false);
  });

  test('is refused at start when no parameter could make it short enough', () => {
    const long = { ...statement, Resource: `arn:aws:s3:::reports/${'x'.repeat(2000)}` };
    expect(JSON.stringify(awsSts.scope.safeParse(policyWith(long)).error?.issues)).toMatch(/STS takes 2048/);
  });
});

describe('an entry that is cut in slices', () => {
  const sliced = { ...policyWith(statement), cutOff: ['slices'] };

  test('takes no managed policies, which cannot be laid on a slice', () => {
    const policyArns = ['arn:aws:iam::aws:policy/ReadOnlyAccess'];
    const { error } = awsSts.scope.safeParse({ ...sliced, policyArns });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['policyArns']);
  });

  test('names each way once, and none that there is not', () => {
    for (const cutOff of [['slices', 'slices'], ['deletion']])
      expect(awsSts.scope.safeParse({ ...sliced, cutOff }).success).toBe(false);
  });

  test('counts what forbids a slice to be sliced', () => {
    const longest = (cutOff: string[]) => {
      const sized = (length: number) => policyWith({ ...statement, Resource: 'x'.repeat(length) });
      let length = 2048;
      while (!awsSts.scope.safeParse({ ...sized(length), cutOff }).success) length -= 1;
      return length;
    };
    const ours = ',{"Effect":"Deny","Action":"sts:GetScopedCredentials","Resource":"*"}';
    expect(longest([]) - longest(['slices'])).toBe(ours.length);
  });

  test('mints down to a minute, and the others down to 15', () => {
    const provider = openAwsSts('aws', awsSts.settings.parse({ region: 'eu-central-1' }));
    expect(provider.minimumTtlSeconds(awsSts.scope.parse(sliced))).toBe(60);
    expect(provider.minimumTtlSeconds(awsSts.scope.parse(policyWith(statement)))).toBe(900);
    expect(provider.effect(awsSts.scope.parse(sliced))).toBe('stops_renewing');
  });
});

describe('an order with its parameters filled in', () => {
  const provider = openAwsSts('aws', awsSts.settings.parse({ region: 'eu-central-1' }));
  const order = (filled: object): Order<AwsStsScope> => ({
    leaseId: 'lse_abcdefghABCDEF',
    taskId: 'tsk_abcdefgh',
    agent: 'a',
    entry: 'e',
    ttlSeconds: 900,
    ceilingSeconds: 3600,
    scope: filled as AwsStsScope,
  });

  test('is planned without the defaults being there', () => {
    expect(provider.plan(order(policyWith(statement)))).toEqual({
      role,
      sessionName: 'j.abcdefgh.ABCDEF',
      region: 'eu-central-1',
    });
  });

  test('2,048 characters are taken and 2,049 are not, outside Latin-1 six for one', () => {
    const sized = (length: number, filler = 'x') =>
      policyWith({ ...statement, Resource: filler.repeat(length) });
    const base = JSON.stringify({ Version: '2012-10-17', ...sized(0).sessionPolicy }).length;
    expect(() => provider.plan(order(sized(2048 - base)))).not.toThrow();
    for (const [length, filler] of [
      [2049 - base, 'x'],
      [Math.ceil((2049 - base) / 6), '界'],
    ] as const)
      expect(() => provider.plan(order(sized(length, filler)))).toThrow(
        expect.objectContaining({ code: 'credential.parameters' }),
      );
  });

  test('that has become another policy is refused', () => {
    expect(() => provider.plan(order(policyWith({ ...statement, Action: '*' })))).toThrow(
      expect.objectContaining({ code: 'credential.parameters' }),
    );
  });
});
