import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allowsNoMore } from '../../../../src/issuance/providers/aws-sts/narrower.js';
import { filledScope, scope } from '../../../../src/issuance/providers/aws-sts/scope.js';
import { layersAbove } from '../../../../src/issuance/providers/aws-sts/within.js';
import { ours, theirs, type Case } from '../../../sandbox/aws/evaluator/oracle.js';

type Policy = ReturnType<typeof filledScope>['sessionPolicy'];

const account = '111122223333';
const role = `arn:aws:iam::${account}:role/agent`;
const actions = [
  's3:GetObject',
  's3:Get*',
  's3:*Object',
  's3:Put?bject',
  's3:*',
  'S3:putobject',
  's3:ListBucket',
];
const resources = [
  '*',
  'arn:aws:s3:::reports/*',
  'arn:aws:s3:::reports/q3/*',
  'arn:aws:s3:::reports/q?/*',
  'arn:aws:s3:::reports/q3/a.csv',
  'arn:aws:s3:::rep*',
  'arn:*:s3:::reports/*',
  'arn:aws:s3:::reports/${aws:SourceIdentity}/*',
];
const conditions = [
  { StringLike: { 'aws:SourceIdentity': ['j.t*', 'q3'] } },
  { StringLike: { 'aws:SourceIdentity': ['j.*', 'q3'] } },
  { StringEquals: { 'aws:SourceIdentity': 'q3' } },
  { StringEquals: { 'aws:SourceIdentity': 'q3' }, Bool: { 'aws:SecureTransport': 'true' } },
];

const some = (from: readonly string[]) =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 2 });
const statement = fc.record(
  {
    Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Allow' as const, 'Deny' as const),
    Action: some(actions),
    Resource: some(resources),
    Condition: fc.constantFrom(...conditions),
  },
  { requiredKeys: ['Effect', 'Action', 'Resource'] },
);
const policy = fc
  .array(statement, { minLength: 1, maxLength: 3 })
  .map((Statement): Policy => ({ Version: '2012-10-17', Statement }) as Policy);
const request = fc.record({
  action: fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:ListBucket'),
  resource: fc.constantFrom(
    'arn:aws:s3:::reports/q3/a.csv',
    'arn:aws:s3:::reports/q4/a.csv',
    'arn:aws:s3:::reports/q3x/a.csv',
    'arn:aws:s3:::reports',
    'arn:aws:s3:::repository/x',
  ),
  context: fc.constantFrom<Record<string, string>>(
    {},
    { 'aws:SourceIdentity': 'q3' },
    { 'aws:SourceIdentity': 'j.tAAAAAAA', 'aws:SecureTransport': 'true' },
  ),
});

const fits = ({ action, resource }: { action: string; resource: string }) =>
  action.endsWith('Bucket') === !resource.includes('/');

const caseOf = (asked: { action: string; resource: string; context: Record<string, string> }): Case => ({
  ...asked,
  principal: {
    arn: `arn:aws:sts::${account}:assumed-role/agent/j.tAAAAAAA.1`,
    account,
    roleArn: role,
  },
  resourceAccount: account,
  context: { 'aws:userid': 'AROAXXXXXXXXXXXXXXXXX:j.tAAAAAAA.1', ...asked.context },
  identity: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
});

/** What one policy alone allows, by both evaluators: they have to agree. */
async function allows(asked: Case, session: object): Promise<boolean> {
  const [a, b] = [ours({ ...asked, session }), await theirs({ ...asked, session })];
  expect(a).toBe(b);
  return a === 'allowed';
}

const entryOf = (sessionPolicy: Policy) => scope.parse({ role, sessionPolicy, cutOff: ['slices'] });

test('I5 whatever the policies say, a child in slices does nothing that any task above it cannot', async () => {
  let allowed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(policy, { minLength: 1, maxLength: 2 }),
      policy,
      request.filter(fits),
      async (above, own, asked) => {
        const child = filledScope(entryOf(own));
        const layers = layersAbove(
          child,
          above.map((one, i) => ({ taskId: `tsk_${i}`, scope: entryOf(one) })),
        );
        const laid = [...layers, child.policyText].map((text) => JSON.parse(text) as object);
        const may = ours({ ...caseOf(asked), scoped: laid }) === 'allowed';
        const each = [];
        for (const one of [...above, own]) each.push(await allows(caseOf(asked), one));
        expect(may).toBe(each.every(Boolean));
        if (may) allowed += 1;
      },
    ),
    { numRuns: 400 },
  );
  expect(allowed).toBeGreaterThan(10);
});

test('I5 a policy that is taken for narrower allows nothing that the other does not', async () => {
  let taken = 0;
  const narrowed = policy.chain((outer) =>
    fc.tuple(
      fc.constant(outer),
      fc.oneof(
        policy,
        fc
          .tuple(fc.constantFrom(...[outer.Statement].flat()), some(actions), some(resources), fc.boolean())
          .map(([one, Action, Resource, kept]) => ({
            ...outer,
            Statement: [
              { ...one, ...(kept ? { Action } : { Resource }) },
              ...[outer.Statement].flat().filter(({ Effect }) => Effect === 'Deny'),
            ],
          })),
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(narrowed, request.filter(fits), async ([outer, inner], asked) => {
      if (!allowsNoMore(inner as Policy, outer)) return;
      taken += 1;
      if (await allows(caseOf(asked), inner)) expect(await allows(caseOf(asked), outer)).toBe(true);
    }),
    { numRuns: 1500 },
  );
  expect(taken).toBeGreaterThan(100);
});

const read = (Resource: string, more: object = {}): Policy =>
  ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource, ...more }],
  }) as Policy;

const listing = (...folders: string[]) => read('*', { Condition: { StringLike: { 's3:prefix': folders } } });

test.each([
  ['a folder below the folder', read('arn:aws:s3:::r/q3/*'), read('arn:aws:s3:::r/*'), true],
  ['the folder above it', read('arn:aws:s3:::r/*'), read('arn:aws:s3:::r/q3/*'), false],
  ['one character where any run was meant', read('arn:aws:s3:::r/?'), read('arn:aws:s3:::r/*'), true],
  ['any run where one character was meant', read('arn:aws:s3:::r/*'), read('arn:aws:s3:::r/?'), false],
  ['a wildcard across the parts of an ARN', read('arn:aws:s3:eu:1:r'), read('arn:aws:s3:*:r'), false],
  ['more conditions', read('*', { Condition: conditions[3] }), read('*', { Condition: conditions[2] }), true],
  ['a folder below it in a condition', listing('q3/*'), listing('q*'), true],
  ['a folder beside it in a condition', listing('q3/*'), listing('p*'), false],
  ['one folder more in a condition', listing('q3/*', 'p/*'), listing('q*'), false],
  ['a variable in a condition', listing('${aws:userid}/*'), listing('*'), false],
  ['fewer conditions', read('*'), read('*', { Condition: conditions[2] }), false],
  ['a variable', read('arn:aws:s3:::r/${aws:userid}'), read('arn:aws:s3:::r/*'), false],
  ['the same variable', read('arn:aws:s3:::r/${aws:userid}'), read('arn:aws:s3:::r/${aws:userid}'), true],
])('%s: %#', (_name, inner, outer, narrower) => {
  expect(allowsNoMore(inner, outer)).toBe(narrower);
});
