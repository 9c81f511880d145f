import { describe, expect, test } from '@jest/globals';
import { checkRoles } from '../../../../../src/issuance/providers/aws-sts/role/check.js';
import type { CatalogEntry } from '../../../../../src/policy/catalog.js';
import type { AwsSeed } from '../../../../../src/sandbox/aws/seed.js';
import { start } from '../../../../sandbox/aws/clients.js';
import { account, accountOf, allow, broker, entryOf, printed, role, settingsOf } from './printed-account.js';

async function findings(seed: AwsSeed, more: object = {}, entries: CatalogEntry[] = [entryOf()]) {
  const standIn = await start({}, seed);
  const settings = settingsOf({
    endpoint: standIn.url,
    credentials: standIn.accessKey,
    attempts: 1,
    ...more,
  });
  return { standIn, found: await checkRoles(settings, entries) };
}

const problemsOf = async (...parameters: Parameters<typeof findings>) =>
  (await findings(...parameters)).found
    .filter(({ is }) => is !== 'ok')
    .map(({ is, what }) => `${is}: ${what}`);

test('what is set up by the printed policies has nothing wrong with it', async () => {
  const { found, standIn } = await findings(accountOf(printed()));
  expect(found.filter(({ is }) => is !== 'ok')).toEqual([]);
  expect(found.map(({ what }) => what)).toEqual([
    'the trust policy allows the broker sts:AssumeRole',
    'the trust policy allows the broker sts:TagSession',
    'the trust policy allows the broker sts:SetSourceIdentity',
    'sessions can only be opened under names that begin with "j."',
    'its sessions last up to 3600 s, and entries want 3600 s at most',
    'the broker may sts:AssumeRole',
    'the broker may sts:TagSession',
    'the broker may sts:SetSourceIdentity',
    'the role allows sts:GetScopedCredentials, which its slices are cut by',
    'the role allows no change of IAM, and no sessions beside those of the broker',
  ]);
  expect(standIn.trail().map(({ eventName }) => eventName)).not.toContain('AssumeRole');
});

describe('the trust policy', () => {
  const statement = (more: object) => ({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: broker },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        Condition: { StringLike: { 'sts:RoleSessionName': 'j.*' } },
        ...more,
      },
    ],
  });
  const wrong: readonly [string, object, RegExp][] = [
    [
      'lets somebody else in',
      { Principal: { AWS: `arn:aws:iam::${account}:user/olga` } },
      /user\/olga in as well/,
    ],
    ['lets everybody in', { Principal: '*' }, /everybody in as well/],
    [
      'takes any name',
      { Condition: { StringEquals: { 'aws:PrincipalAccount': account } } },
      /do not begin with "j\."/,
    ],
    [
      'takes another name too',
      { Condition: { StringLike: { 'sts:RoleSessionName': ['j.*', '*'] } } },
      /do not begin/,
    ],
    [
      'allows no tags',
      { Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] },
      /does not allow the broker sts:TagSession/,
    ],
    ['is without an external id that is configured', {}, /does not ask for the external id/],
  ];
  test.each(wrong)('that %s is a problem', async (_name, change, what) => {
    const more = String(what).includes('external') ? { externalId: 'ours' } : {};
    const found = await problemsOf(accountOf(printed(), { role: { trust: statement(change) } }), more);
    expect(found.join('\n')).toMatch(what);
    expect(found.every((line) => line.startsWith('problem'))).toBe(true);
  });

  test('that asks for the configured external id is right, and for another one is not', async () => {
    const seed = accountOf(printed({ externalId: 'ours' }));
    expect(await problemsOf(seed, { externalId: 'ours' })).toEqual([]);
    expect(await problemsOf(seed, { externalId: 'other' })).toHaveLength(1);
    expect(await problemsOf(seed)).toEqual([
      'problem: the trust policy asks for an external id, and none is configured',
    ]);
  });
});

describe('what the role allows', () => {
  const wrong: readonly [string, object, RegExp][] = [
    ['everything', allow('*'), /"\*", which can change IAM/],
    ['its own policies', allow('iam:*RolePolicy'), /"iam:\*RolePolicy", which can change IAM/],
    ['sessions of its own', allow('sts:AssumeRole'), /which can open sessions \(sts:AssumeRole\)/],
    ['tags', allow('sts:Tag*'), /sts:TagSession/],
    [
      'all but something',
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }] },
      /everything but/,
    ],
  ];
  test.each(wrong)('is not %s', async (_name, policy, what) => {
    const found = await problemsOf(accountOf(printed(), { role: { policies: { extra: policy } } }));
    expect(found).toEqual([expect.stringMatching(what)]);
  });

  test('can be held back by its boundary, or by a deny', async () => {
    const boundary = `arn:aws:iam::${account}:policy/only-s3`;
    const wide = { extra: allow('iam:*') };
    expect(await problemsOf(accountOf(printed(), { role: { policies: wide, boundary } }))).toEqual([
      'problem: the role does not allow sts:GetScopedCredentials',
    ]);
    const deny = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: 'iam:*', Resource: '*' }] };
    expect(await problemsOf(accountOf(printed(), { role: { policies: { ...wide, deny } } }))).toEqual([]);
  });

  test('has to be slicing where leases are cut in slices, and must not be where none are', async () => {
    const whole = entryOf({ cutOff: [] });
    expect(await problemsOf(accountOf(printed({}, [whole])))).toEqual([
      'problem: the role does not allow sts:GetScopedCredentials',
    ]);
    expect(await problemsOf(accountOf(printed()), {}, [whole])).toEqual([
      expect.stringContaining('which can open sessions (sts:GetScopedCredentials)'),
    ]);
  });
});

test('sessions that an entry wants longer than the role has them are a problem', async () => {
  const long = entryOf({}, { maximumTtlSeconds: 7200 });
  const seed = accountOf(printed());
  expect(await problemsOf(seed, {}, [long])).toEqual([expect.stringContaining('an entry wants 7200 s')]);
  expect(await problemsOf(accountOf(printed(), { role: { maxSessionSeconds: 7200 } }), {}, [long])).toEqual(
    [],
  );
});

test('rights that the broker lacks are a problem', async () => {
  const opener = allow(['sts:AssumeRole', 'sts:TagSession']);
  expect(await problemsOf(accountOf(printed(), { broker: { opener } }))).toEqual([
    'problem: the broker may not sts:SetSourceIdentity',
  ]);
});

test('what cannot be read is never taken for good', async () => {
  const check = allow('s3:GetObject');
  const found = await problemsOf(accountOf(printed(), { broker: { check } }));
  expect(found).toEqual([
    expect.stringMatching(/^cannot tell: the role cannot be read \(AccessDenied/),
    expect.stringMatching(/^cannot tell: whether the broker may .* could not be simulated/),
    expect.stringMatching(/^cannot tell: not all policies of the role can be read/),
  ]);
});

describe('a role whose leases are denied', () => {
  const denied = entryOf({ cutOff: ['deny'] });
  const set = printed({}, [denied]);
  const { arn = '', document = {} } = set.roles[0]?.boundary ?? {};
  const seedWith = (change: Parameters<typeof accountOf>[1] = {}) => {
    const seed = accountOf(set, { ...change, role: { boundary: arn, ...change.role } });
    const [first] = seed.accounts;
    return {
      accounts: [
        { ...first!, managedPolicies: { ...first!.managedPolicies, [arn.split('/').at(-1)!]: document } },
      ],
    };
  };

  test('is right as printed, with room for its document', async () => {
    const { found } = await findings(seedWith(), {}, [denied]);
    expect(found.filter(({ is }) => is !== 'ok')).toEqual([]);
    expect(found.map(({ what }) => what)).toContain(
      'inline policies take 0 of 10240 characters, which leaves room for 281 tasks at a time',
    );
  });

  test('needs a boundary, and a broker that may write', async () => {
    const { boundary: _none, ...roleSeed } = seedWith().accounts[0]!.roles![0]!;
    const [first] = seedWith().accounts;
    expect(await problemsOf({ accounts: [{ ...first!, roles: [roleSeed] }] }, {}, [denied])).toEqual([
      expect.stringContaining('no permissions boundary'),
      'problem: the broker may not iam:PutRolePolicy',
      'problem: the broker may not iam:DeleteRolePolicy',
    ]);
  });

  test('is one for all entries on it: a deny document spares no others', async () => {
    const whole = entryOf({ cutOff: [] }, { name: 'whole' });
    expect(await problemsOf(seedWith(), {}, [denied, whole])).toEqual([
      expect.stringMatching(/^problem: .* those of whole are not spared/),
    ]);
  });

  test('has the boundary that the denies stand in, where the settings name one', async () => {
    const boundary = `arn:aws:iam::${account}:policy/cut`;
    const own = printed({ boundary }, [denied]);
    const seed = (of: string): AwsSeed => {
      const [first] = accountOf(own, { role: { boundary: of } }).accounts;
      const cut = own.roles[0]!.boundary!.document;
      return { accounts: [{ ...first!, managedPolicies: { ...first!.managedPolicies, cut } }] };
    };
    expect(await problemsOf(seed(boundary), { boundary }, [denied])).toEqual([]);
    expect(await problemsOf(seed(boundary.replace('cut', 'only-s3')), { boundary }, [denied])).toEqual([
      expect.stringMatching(/^problem: the role has the boundary .*only-s3, and the denies stand in .*cut/),
    ]);
  });

  test('is a problem when its other inline policies leave too little room', async () => {
    const big = allow('s3:GetObject', { Resource: `arn:aws:s3:::r/${'x'.repeat(7000)}` });
    const found = await problemsOf(seedWith({ role: { policies: { big } } }), {}, [denied]);
    expect(found).toEqual([expect.stringMatching(/^problem: inline policies take 7\d{3} of 10240/)]);
  });
});

test('a role of another account is not looked into', async () => {
  const other = entryOf({ role: role.replace(account, '999988887777') });
  expect(await problemsOf(accountOf(printed()), {}, [other])).toEqual([
    'cannot tell: the role is in another account, which the broker cannot look into',
  ]);
});
