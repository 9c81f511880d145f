import { describe, expect, test } from '@jest/globals';
import { broken, type StandInFault } from '../../../../src/sandbox/aws/fault.js';
import { start } from '../../../sandbox/aws/clients.js';
import { arnOf } from '../../../sandbox/aws/reports-account.js';
import { issue, orderOf, providerOf } from './minting.js';

describe('what can go wrong at STS', () => {
  const cases: readonly [string, StandInFault, string][] = [
    [
      'a policy that packs too large',
      { is: 'error', code: 'PackedPolicyTooLarge', status: 400 },
      'provider.refused',
    ],
    ['a malformed policy', { is: 'error', code: 'MalformedPolicyDocument', status: 400 }, 'provider.refused'],
    [
      'a region that is off',
      { is: 'error', code: 'RegionDisabledException', status: 403 },
      'provider.refused',
    ],
    [
      'an expired identity of the broker',
      { is: 'error', code: 'ExpiredToken', status: 403 },
      'provider.refused',
    ],
    [
      'too many requests',
      { is: 'error', code: 'TooManyRequestsException', status: 429 },
      'provider.throttled',
    ],
    ['a 503', { is: 'error', code: 'ServiceUnavailable', status: 503 }, 'provider.unavailable'],
    ['a lost connection', { is: 'dropped_answer' }, 'provider.unavailable'],
    ['an answer without credentials', altered(/<Credentials>.*<\/Credentials>/, ''), 'provider.nonsense'],
    ['an answer without a token', altered(/<SessionToken>.*<\/SessionToken>/, ''), 'provider.nonsense'],
    [
      'the session of another lease',
      altered(/assumed-role\/reports\/j\.[^<]*/, 'assumed-role/reports/j.x.y'),
      'provider.nonsense',
    ],
    [
      'the session of another role',
      altered('assumed-role/reports/', 'assumed-role/admin/'),
      'provider.nonsense',
    ],
    [
      'another source identity',
      altered(/<SourceIdentity>[^<]*/, '<SourceIdentity>j.other'),
      'provider.nonsense',
    ],
    ['no date', altered(/<Expiration>[^<]*/, '<Expiration>soon'), 'provider.nonsense'],
    [
      'a longer session',
      altered(/<Expiration>[^<]*/, '<Expiration>2199-01-01T00:00:00Z'),
      'provider.nonsense',
    ],
    ['XML that breaks off', altered(/<\/Credentials>.*$/, ''), 'provider.nonsense'],
    ['an empty answer', altered(/^.*$/s, ''), 'provider.nonsense'],
    ['JSON', altered(/^.*$/s, '{"AccessKeyId":"x"}'), 'provider.nonsense'],
  ];

  test.each(cases)('%s', async (_name, fault, code) => {
    const standIn = await start();
    const provider = providerOf(standIn, { attempts: 1 });
    standIn.setFault(fault);
    const failure: unknown = await issue(provider, orderOf({ sourceIdentity: true })).catch(
      (error: unknown) => error,
    );

    expect(failure).toMatchObject({ code, reason: expect.any(String) });
    expect((failure as Error).cause).toBeUndefined();
  });

  test('one failure is tried again, within the timeout', async () => {
    const standIn = await start();
    standIn.setFault(broken, { times: 1 });
    await issue(providerOf(standIn), orderOf());
    expect(standIn.trail().map(({ errorCode }) => errorCode)).toEqual(['InternalFailure', undefined]);
  });

  test('a role that allows no tags and no source identity refuses them', async () => {
    const standIn = await start();
    const provider = providerOf(standIn);
    await issue(provider, orderOf({ role: arnOf('plain') }));
    for (const wish of ['tags', 'sourceIdentity'])
      await expect(issue(provider, orderOf({ role: arnOf('plain'), [wish]: true }))).rejects.toMatchObject({
        code: 'provider.refused',
      });
  });

  function altered(from: string | RegExp, to: string): StandInFault {
    return { is: 'altered_answer', alter: (body) => body.replace(from, to) };
  }
});
