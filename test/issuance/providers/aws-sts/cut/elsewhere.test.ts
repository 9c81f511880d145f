import {
  CreatePolicyVersionCommand,
  GetPolicyVersionCommand,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, test } from '@jest/globals';
import type { AwsSeed } from '../../../../../src/sandbox/aws/seed.js';
import { assume, iamOf } from '../../../../sandbox/aws/clients.js';
import { account as ours, arnOf, readPrefix, seed } from '../../../../sandbox/aws/reports-account.js';
import { eventsOf, letIn, openAccount, revokedFully } from './cutting.js';

const boundary = `arn:aws:iam::${ours}:policy/jit-boundary`;
const allow = (Action: string | string[], Resource: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
});

/** The account, with two roles under one boundary, and a broker that may write that and no role. */
const bounded = (boundaryPolicy: object = allow('*', '*')): AwsSeed => {
  const [first, ...others] = seed.accounts;
  const [broker, ...users] = first!.users!;
  return {
    accounts: [
      {
        ...first!,
        managedPolicies: { ...first!.managedPolicies, 'jit-boundary': boundaryPolicy },
        roles: first!.roles!.map((role) =>
          ['reports', 'long'].includes(role.name) ? { ...role, boundary } : role,
        ),
        users: [
          {
            ...broker!,
            policies: {
              assume: broker!.policies!['assume']!,
              boundary: allow(['iam:*PolicyVersion', 'iam:ListPolicyVersions'], boundary),
            },
          },
          ...users,
        ],
      },
      ...others,
    ],
  };
};

describe('in the permissions boundary', () => {
  test('one document cuts off the sessions of all roles under it, and the roles stay as they are', async () => {
    const account = await openAccount({ seed: bounded() });
    const provider = account.provider({ boundary });
    const here = await account.hold(provider, await account.openTask());
    const there = await account.hold(provider, await account.openTask(), { role: arnOf('long') });
    const live = await account.hold(provider, await account.openTask(), { role: arnOf('long') });
    for (const { lease } of [here, there]) {
      const answers = await revokedFully(provider, await account.end(lease));
      expect(answers.at(-1)).toEqual({ is: 'revoked' });
    }
    expect([await here.works(), await there.works(), await live.works()]).toEqual([false, false, true]);
    expect(eventsOf(account.standIn, 'PutRolePolicy')).toEqual([]);
  });

  test('goes on beyond the five versions that a policy can have', async () => {
    const account = await openAccount({ seed: bounded() });
    const provider = account.provider({ boundary });
    const held = [];
    for (let i = 0; i < 7; i++) held.push(await account.hold(provider, await account.openTask()));
    for (const { lease } of held) {
      const ended = await account.end(lease);
      await provider.revoke(ended.handle, ended);
    }
    expect(await Promise.all(held.map(({ works }) => works()))).toEqual(held.map(() => false));
  });

  test('a boundary that says something of its own is not overwritten', async () => {
    const account = await openAccount({ seed: bounded(allow(['s3:*', 'sts:*'], '*')) });
    const provider = account.provider({ boundary });
    const { lease } = await account.hold(provider, await account.openTask());
    const ended = await account.end(lease);
    await expect(provider.revoke(ended.handle, ended)).rejects.toMatchObject({ code: 'provider.refused' });
    expect(eventsOf(account.standIn, 'CreatePolicyVersion')).toEqual([]);
  });

  test('what somebody has opened is closed again', async () => {
    const account = await openAccount({ seed: bounded() });
    const provider = account.provider({ boundary });
    const { lease, works } = await account.hold(provider, await account.openTask());
    const ended = await account.end(lease);
    await provider.revoke(ended.handle, ended);
    // The broker's own key is the only one there is with these rights.
    await iamOf(account.standIn).send(
      new CreatePolicyVersionCommand({
        PolicyArn: boundary,
        PolicyDocument: JSON.stringify(allow('*', '*')),
        SetAsDefault: true,
      }),
    );
    expect(await works()).toBe(true);
    await account.provider({ boundary }, { clock: () => account.ledger.clock() + 40_000 }).upkeep!();
    expect(await works()).toBe(false);
  });

  test('the version in force carries the turn that wrote it', async () => {
    const account = await openAccount({ seed: bounded() });
    const provider = account.provider({ boundary });
    const { lease } = await account.hold(provider, await account.openTask());
    const ended = await account.end(lease);
    await provider.revoke(ended.handle, ended);
    const iam = iamOf(account.standIn);
    const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn: boundary }));
    const VersionId = Versions.find(({ IsDefaultVersion }) => IsDefaultVersion)?.VersionId;
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn: boundary, VersionId }));
    expect(decodeURIComponent(PolicyVersion?.Document ?? '')).toContain('"Sid":"C1"');
  });
});

describe('roles that a session has gone on to', () => {
  const hop = arnOf('hop');
  const goingOn = {
    sourceIdentity: true,
    chainedRoles: [hop],
    sessionPolicy: {
      ...readPrefix('q3'),
      Statement: [
        ...readPrefix('q3').Statement,
        { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: hop },
      ],
    },
  };

  async function chained(
    account: Awaited<ReturnType<typeof openAccount>>,
    provider: ReturnType<typeof account.provider>,
    taskId: string,
  ) {
    const order = account.order(taskId, goingOn);
    const reserved = await account.reserve(provider, order);
    const issued = await provider.issue(order, reserved.handle, () => Promise.resolve());
    const lease = await account.ledger.leases.activate(reserved, {
      expiresAt: issued.expiresAt,
      effect: reserved.effect,
    });
    const { AccessKeyId, SecretAccessKey, SessionToken } = issued.secret.reveal() as Record<string, string>;
    const { Credentials } = await assume(
      account.standIn,
      { RoleArn: hop, RoleSessionName: 'j.onward' },
      { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! },
    );
    return { lease: lease!, works: () => letIn(account.standIn, { ...Credentials }) };
  }

  test('are cut off with it, lease by lease, by source identity', async () => {
    const account = await openAccount();
    // So long that only a probe which went the same way can have seen it in force.
    const provider = account.provider({ effectiveAfter: '1h' });
    const task = await account.openTask();
    const [ending, sibling] = [
      await chained(account, provider, task),
      await chained(account, provider, task),
    ];
    const other = await chained(account, provider, await account.openTask());
    expect([await ending.works(), await sibling.works(), await other.works()]).toEqual([true, true, true]);

    const answers = await revokedFully(provider, await account.end(ending.lease));

    expect(answers.at(-1)).toEqual({ is: 'revoked' });
    expect([await ending.works(), await sibling.works(), await other.works()]).toEqual([false, true, true]);
  });

  test('where no probe can go the same way, the deny counts as in force once so much time has passed', async () => {
    const [first, ...others] = seed.accounts;
    const onlyOnward = { StringEquals: { 'sts:RoleSessionName': 'j.onward' } };
    const roles = first!.roles!.map((role) => {
      const trust = role.trust as { Statement: object[] };
      const Statement = trust.Statement.map((each) => ({ ...each, Condition: onlyOnward }));
      return role.name === 'hop' ? { ...role, trust: { ...trust, Statement } } : role;
    });
    const account = await openAccount({ seed: { accounts: [{ ...first!, roles }, ...others] } });
    const provider = account.provider({ effectiveAfter: '1s' });
    const { lease, works } = await chained(account, provider, await account.openTask());
    const answers = await revokedFully(provider, await account.end(lease));
    expect(answers.at(-1)).toEqual({ is: 'revoked' });
    expect(await works()).toBe(false);
    expect(account.logged.map(({ message }) => message)).toContainEqual(expect.stringContaining('no probe'));
  });
});
