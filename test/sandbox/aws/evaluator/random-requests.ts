import fc from 'fast-check';
import type { Case } from './oracle.js';

const account = '111122223333';
const session = {
  arn: `arn:aws:sts::${account}:assumed-role/agent/j.tAAAAAAA.1`,
  account,
  roleArn: `arn:aws:iam::${account}:role/agent`,
};
const user: Case['principal'] = { arn: `arn:aws:iam::${account}:user/someone`, account };

const actions = [
  's3:GetObject',
  's3:getobject',
  's3:Get*',
  's3:*Object',
  's3:Put?bject',
  's3:*',
  '*',
  's3:ListBucket',
  'S3:PutObject',
  'sts:AssumeRole',
];
const resources = [
  '*',
  'arn:aws:s3:::reports/*',
  'arn:aws:s3:::reports/q3/*',
  'arn:aws:s3:::reports',
  'arn:aws:s3:::rep*',
  'arn:aws:s3:::*/q3/a?.csv',
  'arn:*:s3:::reports/*',
  'arn:aws:s3:::reports/${aws:SourceIdentity}/*',
  "arn:aws:s3:::reports/${aws:PrincipalTag/team, 'q3'}/*",
  'arn:aws:s3:::reports/${*}',
];
/** No seconds since the epoch: the oracle reads them as milliseconds, AWS documents seconds. */
const stamps = ['2026-11-22T09:59:59Z', '2026-11-22T10:00:00Z', '2026-11-22T10:00:01Z'];
const values: Record<string, readonly string[]> = {
  'aws:userid': ['AROAXXXXXXXXXXXXXXXXX:j.tAAAAAAA.1', '*:j.tAAAAAAA.*', '*:j.*', '*:j.tBBBBBBB.*', '*'],
  'aws:SourceIdentity': ['j.tAAAAAAA', 'J.TAAAAAAA', 'j.t*', 'q3', '${aws:PrincipalTag/team}'],
  'AWS:sourceidentity': ['j.tAAAAAAA', 'q3'],
  'aws:PrincipalTag/team': ['q3', 'Q3', 'q?', 'nope'],
  'aws:PrincipalArn': [`arn:aws:iam::${account}:role/agent`, '*:role/*'],
};
const stringOperators = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
];
const dateOperators = [
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
];

const oneOrMore = (from: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...from),
    fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 3 }),
  );
const withIfExists = (operator: fc.Arbitrary<string>) =>
  fc.tuple(operator, fc.boolean()).map(([name, optional]) => (optional ? `${name}IfExists` : name));

const condition = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(withIfExists(fc.constantFrom(...stringOperators)), stringKeys()) },
  {
    weight: 3,
    arbitrary: fc.tuple(
      withIfExists(fc.constantFrom(...dateOperators)),
      fc.record({ 'aws:TokenIssueTime': oneOrMore(stamps) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      withIfExists(fc.constant('Bool')),
      fc.record({ 'aws:SecureTransport': oneOrMore(['true', 'false']) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('Null'),
      fc
        .constantFrom(...Object.keys(values), 'aws:TokenIssueTime')
        .chain((key) => fc.constantFrom('true', 'false').map((value) => ({ [key]: value }))),
    ),
  },
);

function stringKeys() {
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(values)), {
      minLength: 1,
      maxLength: 2,
      selector: (key) => key.toLowerCase(),
    })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, oneOrMore(values[key] ?? [])]))));
}

const conditions = fc
  .array(condition, { maxLength: 2 })
  .map((list) => (list.length ? { Condition: Object.fromEntries(list) as object } : {}));

const selection = (name: string, from: readonly string[]) =>
  fc
    .tuple(fc.integer({ min: 0, max: 6 }), oneOrMore(from))
    .map(([but, chosen]) => ({ [but === 0 ? `Not${name}` : name]: chosen }));

const statement = fc
  .tuple(
    fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
    selection('Action', actions),
    selection('Resource', resources),
    conditions,
  )
  .map(([Effect, ...parts]): object => Object.assign({ Effect }, ...parts) as object);

/** Only this version: in the older one `${...}` is plain text, and the oracle takes it for a variable even there. */
const Version = '2012-10-17';
const policy = fc
  .array(statement, { minLength: 1, maxLength: 3 })
  .map((Statement): object => ({ Version, Statement }));

const names = ['*', account, `arn:aws:iam::${account}:root`, session.arn, session.roleArn, user.arn];
const bucketPolicy = fc
  .array(fc.tuple(statement, oneOrMore(names)), { minLength: 1, maxLength: 2 })
  .map((list): object => ({
    Version,
    Statement: list.map(([body, AWS]) => ({
      ...body,
      Principal: AWS === '*' ? '*' : { AWS },
    })),
  }));

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const request = fc.oneof(
  fc.constantFrom(
    { action: 's3:GetObject', resource: 'arn:aws:s3:::reports/q3/a1.csv' },
    { action: 's3:PutObject', resource: 'arn:aws:s3:::reports/j.tAAAAAAA/x' },
    { action: 's3:GetObject', resource: 'arn:aws:s3:::other/q3/a:b.csv' },
    { action: 's3:ListBucket', resource: 'arn:aws:s3:::reports' },
  ),
);

const context = fc.record(
  {
    'aws:SourceIdentity': fc.constantFrom('j.tAAAAAAA', 'q3', '*'),
    'aws:PrincipalTag/team': fc.constantFrom('q3', '*'),
    'aws:TokenIssueTime': fc.constant('2026-11-22T10:00:00Z'),
    'aws:SecureTransport': fc.constantFrom('true', 'false'),
  },
  { requiredKeys: [] },
);

/** Requests for objects, under policies of every kind. */
export const objectRequests = fc
  .record({
    principal: fc.constantFrom(session, session, user),
    request,
    context,
    identity: fc.array(policy, { maxLength: 2 }),
    sessionPolicy: optional(policy),
    boundary: optional(policy),
    resourcePolicy: optional(bucketPolicy),
    organization: optional(policy),
    resourceAccount: fc.constantFrom(account, account, account, '999988887777'),
  })
  .map((drawn): Case => {
    const isSession = drawn.principal === session;
    const { sessionPolicy, boundary, resourcePolicy, organization } = drawn;
    return {
      principal: drawn.principal,
      ...drawn.request,
      resourceAccount: drawn.resourceAccount,
      context: {
        'aws:userid': isSession ? 'AROAXXXXXXXXXXXXXXXXX:j.tAAAAAAA.1' : 'AIDAXXXXXXXXXXXXXXXXX',
        'aws:PrincipalArn': drawn.principal.roleArn ?? drawn.principal.arn,
        ...drawn.context,
      },
      identity: drawn.identity,
      ...(isSession && sessionPolicy ? { session: sessionPolicy } : {}),
      ...(boundary ? { boundary } : {}),
      ...(resourcePolicy ? { resourcePolicy } : {}),
      ...(organization ? { organization } : {}),
    };
  });

const roleToAssume = 'arn:aws:iam::111122223333:role/jit/hop';

const trustPolicy = fc
  .array(
    fc.tuple(
      fc.constantFrom('Allow', 'Allow', 'Deny'),
      oneOrMore(['sts:AssumeRole', 'sts:*', 'sts:TagSession', '*']),
      oneOrMore(names.filter((name) => name !== '*')),
      conditions,
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((list): object => ({
    Version,
    Statement: list.map(([Effect, Action, AWS, more]) => ({ Effect, Action, Principal: { AWS }, ...more })),
  }));

const assumingPolicy = fc
  .array(
    fc.tuple(
      fc.constantFrom('Allow', 'Allow', 'Deny'),
      oneOrMore(['sts:AssumeRole', 'sts:*', 's3:*', '*']),
      oneOrMore(['*', 'arn:aws:iam::*:role/jit/*', 'arn:aws:iam::111122223333:role/hop', roleToAssume]),
      conditions,
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((list): object => ({
    Version,
    Statement: list.map(([Effect, Action, Resource, more]) => ({ Effect, Action, Resource, ...more })),
  }));

/** Requests to assume a role, of the same account and of another. */
export const assumeRequests = fc
  .record({
    principal: fc.constantFrom(session, user),
    context,
    identity: fc.array(assumingPolicy, { maxLength: 2 }),
    sessionPolicy: optional(assumingPolicy),
    boundary: optional(assumingPolicy),
    trust: trustPolicy,
    resourceAccount: fc.constantFrom(account, account, '999988887777'),
  })
  .map(({ principal, sessionPolicy, boundary, resourceAccount, ...drawn }): Case => ({
    ...drawn,
    principal,
    action: 'sts:AssumeRole',
    resource: roleToAssume.replace(account, resourceAccount),
    resourceAccount,
    context: { 'aws:userid': 'AROAXXXXXXXXXXXXXXXXX:j.tAAAAAAA.1', ...drawn.context },
    ...(principal === session && sessionPolicy ? { session: sessionPolicy } : {}),
    ...(boundary ? { boundary } : {}),
  }));
