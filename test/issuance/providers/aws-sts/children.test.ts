import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import type { Order, Provider } from '../../../../src/issuance/provider.js';
import type { AwsStsScope } from '../../../../src/issuance/providers/aws-sts/scope.js';
import { newTaskId } from '../../../../src/kernel/id.js';
import { s3Of, start } from '../../../sandbox/aws/clients.js';
import { arnOf, readPrefix } from '../../../sandbox/aws/reports-account.js';
import { callsOf, issue, keyOf, orderOf, providerOf, reads } from './account.js';

const everything = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
};

/** A task below others; each has the scope that is named for it. */
const below = (scope: object, ...above: object[]): Order<AwsStsScope> =>
  orderOf(scope, {
    within: above.map((one) => ({ taskId: newTaskId(), scope: orderOf(one).scope })),
  });

const refused = (provider: Provider<AwsStsScope>, order: Order<AwsStsScope>) =>
  expect(issue(provider, order)).rejects.toMatchObject({ code: 'credential.wider' });

describe('I5 a child in slices', () => {
  test('can do nothing its parent cannot, though its own policy allows all of S3', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const alone = await issue(provider, orderOf({ sessionPolicy: everything }));
    expect(await reads(standIn, alone, 'q4/summary.csv')).toBe(true);

    const child = await issue(provider, below({ sessionPolicy: everything }, {}));
    expect(await reads(standIn, child, 'q3/summary.csv')).toBe(true);
    expect(await reads(standIn, child, 'q4/summary.csv')).toBe(false);
    const put = new PutObjectCommand({ Bucket: 'reports', Key: 'q3/new.csv', Body: 'x' });
    await expect(s3Of(standIn, keyOf(child)).send(put)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('is narrower still by its own policy', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const child = await issue(provider, below({}, { sessionPolicy: everything }));
    expect(await reads(standIn, child, 'q3/summary.csv')).toBe(true);
    expect(await reads(standIn, child, 'q4/summary.csv')).toBe(false);
  });

  test('is cut from slices that are never handed over, also when AWS needs no Allow for it', async () => {
    for (const needsAllow of [true, false]) {
      const standIn = await start({ slicing: { needsAllow } });
      const provider = providerOf(standIn);
      const order = below({ sessionPolicy: everything }, { sessionPolicy: everything }, {});
      const child = await issue(provider, order);
      expect(callsOf(standIn)).toEqual(['AssumeRole', ...Array<string>(3).fill('GetScopedCredentials')]);
      expect(await reads(standIn, child, 'q3/summary.csv')).toBe(true);
      expect(await reads(standIn, child, 'q4/summary.csv')).toBe(false);
      const { secret } = await provider.renew(order, child.handle);
      expect(await reads(standIn, { secret: secret! }, 'q4/summary.csv')).toBe(false);
    }
  });

  test('bears its own name, so that it can be told from its parent', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const order = below({}, {});
    expect((await issue(provider, order)).handle).toEqual(provider.plan(order));
  });

  test('is refused three tasks down, on another role, and below managed policies', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const policyArns = ['arn:aws:iam::111122223333:policy/read-reports'];
    await refused(provider, below({}, {}, {}, {}));
    await refused(provider, below({}, { role: arnOf('reports') }));
    await refused(provider, below({}, { cutOff: [], policyArns }));
    expect(standIn.trail()).toEqual([]);
  });

  test('is refused before anything is written', () => {
    const provider = providerOf({ url: 'http://127.0.0.1:1', region: 'eu-central-1' } as never, {
      credentials: undefined,
    });
    expect(() => provider.plan(below({}, { role: arnOf('reports') }))).toThrow(
      expect.objectContaining({ code: 'credential.wider' }),
    );
  });
});

describe('I5 a child without slices', () => {
  const whole = { cutOff: [] };

  test('is minted where its policy certainly stays within that of its parent', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const child = await issue(provider, below(whole, { ...whole, sessionPolicy: everything }, whole));
    expect(await reads(standIn, child, 'q3/summary.csv')).toBe(true);
    expect(await reads(standIn, child, 'q4/summary.csv')).toBe(false);
  });

  test('is refused everywhere else: one session takes one policy, not two', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    const policyArns = ['arn:aws:iam::111122223333:policy/read-reports'];
    await refused(provider, below({ ...whole, sessionPolicy: everything }, whole));
    await refused(provider, below({ ...whole, sessionPolicy: readPrefix('q4') }, whole));
    await refused(provider, below({ ...whole, policyArns }, whole));
    await refused(provider, below(whole, { ...whole, policyArns }));
    await refused(provider, below({ ...whole, role: arnOf('reports') }, whole));
    expect(standIn.trail()).toEqual([]);
  });

  test('is refused as well when slices were meant, and there are none', async () => {
    const standIn = await start({ slicing: { there: false } });
    const provider = providerOf(standIn);
    await refused(provider, below({ sessionPolicy: everything }, {}));
    const child = await issue(provider, below({}, { sessionPolicy: everything }));
    expect(child.effect).toBe('expires_only');
    await s3Of(standIn, keyOf(child)).send(
      new GetObjectCommand({ Bucket: 'reports', Key: 'q3/summary.csv' }),
    );
  });
});
