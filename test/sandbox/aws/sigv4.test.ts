import { request } from 'node:http';
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, test } from '@jest/globals';
import { readSignature, signatureHolds } from '../../../src/sandbox/aws/sigv4.js';
import { iamOf, s3Of, session, start, stsOf } from './clients.js';
import { seed } from './reports-account.js';

/**
 * The signed GET of "Signature Calculations for the Authorization Header" in the Amazon S3 API reference, with the
 * keys that AWS prints there.
 */
const published = {
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  request: {
    method: 'GET',
    path: '/test.txt',
    query: '',
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-amz-date': '20130524T000000Z',
    },
    body: Buffer.alloc(0),
  },
  authorization:
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
};

describe('signature version 4', () => {
  const claimed = readSignature(published.authorization)!;
  const { request: signed, secret } = published;
  const holds = (change: object) => signatureHolds({ ...signed, ...change }, claimed, secret);

  test('the published example holds', () => {
    expect(holds({})).toBe(true);
  });

  const changes: readonly [string, object][] = [
    ['another method', { method: 'PUT' }],
    ['another path', { path: '/test2.txt' }],
    ['a query', { query: 'acl' }],
    ['another value of a signed header', { headers: { ...signed.headers, range: 'bytes=0-10' } }],
    ['another date', { headers: { ...signed.headers, 'x-amz-date': '20130524T000001Z' } }],
    ['a body', { body: Buffer.from('x') }],
    ['an x-amz header that is not signed', { headers: { ...signed.headers, 'x-amz-acl': 'public-read' } }],
  ];
  test.each(changes)('%s breaks it', (_name, change) => {
    expect(holds(change)).toBe(false);
  });

  test('another secret breaks it', () => {
    expect(signatureHolds(signed, claimed, `${secret}x`)).toBe(false);
  });

  test.each(['Bearer x', 'AWS4-HMAC-SHA256 Credential=a/b', published.authorization.replace(/.$/, ''), ''])(
    'no signature: %s',
    (header) => {
      expect(readSignature(header)).toBeUndefined();
    },
  );
});

describe('what the services say to a bad signature', () => {
  test('a wrong secret, an unknown key and a missing token are told apart', async () => {
    const standIn = await start();
    const who = (key: Parameters<typeof stsOf>[1]) =>
      stsOf(standIn, key).send(new GetCallerIdentityCommand({}));
    const get = (key: Parameters<typeof s3Of>[1]) =>
      s3Of(standIn, key).send(new GetObjectCommand({ Bucket: 'reports', Key: 'top.txt' }));
    const wrong = { ...standIn.accessKey, secretAccessKey: 'x' };
    await expect(who(wrong)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    await expect(get(wrong)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    const unknown = { accessKeyId: 'AKIANOBODYKNOWSTHIS0', secretAccessKey: 'x' };
    await expect(who(unknown)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await expect(get(unknown)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    const { sessionToken, ...bare } = await session(standIn);
    await expect(who(bare)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await expect(get(bare)).rejects.toMatchObject({ name: 'InvalidToken' });
    await expect(get({ ...bare, sessionToken: `${sessionToken}x` })).rejects.toMatchObject({
      name: 'InvalidToken',
    });
  });

  test('a clock that is off, and a region that is another', async () => {
    const standIn = await start();
    const late = stsOf(standIn);
    late.config.systemClockOffset = -301_000;
    await expect(late.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    const elsewhere = stsOf({ ...standIn, region: 'us-west-2' });
    await expect(elsewhere.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
  });

  test('IAM is signed for us-east-1 too', async () => {
    const standIn = await start();
    const iam = iamOf({ ...standIn, region: 'us-east-1' });
    await expect(iam.send(new GetRoleCommand({ RoleName: 'nope' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });

  test('no signature at all', async () => {
    const standIn = await start();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'Action=GetCallerIdentity&Version=2011-06-15';
    expect(await send(standIn.url, 'POST', '/', form, body)).toEqual([
      403,
      expect.stringContaining('<Code>MissingAuthenticationToken<'),
    ]);
    expect(await send(standIn.url, 'GET', '/reports/top.txt')).toEqual([
      403,
      expect.stringContaining('<Code>AccessDenied<'),
    ]);
    expect(await send(standIn.url, 'GET', '/%', { authorization: 'AWS4-HMAC-SHA256 x' })).toEqual([
      400,
      expect.stringContaining('<Code>IncompleteSignature<'),
    ]);
  });

  test('nothing secret is in the trail', async () => {
    const standIn = await start();
    const key = await session(standIn);
    await s3Of(standIn, key).send(new GetObjectCommand({ Bucket: 'reports', Key: 'top.txt' }));
    const told = JSON.stringify(standIn.trail());
    for (const secret of [key.secretAccessKey, key.sessionToken, standIn.accessKey.secretAccessKey])
      expect(told).not.toContain(secret);
  });
});

test('a seed without a broker, and one with a malformed policy, do not start', async () => {
  await expect(start({}, { accounts: [] })).rejects.toThrow(/access key/);
  const [first] = seed.accounts;
  const broken = { ...first!, managedPolicies: { p: { Statement: [] } } };
  await expect(start({}, { accounts: [broken] })).rejects.toThrow(/Syntax errors/);
});

/** Status and body of a request that nothing has signed. */
function send(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    sent.on('error', reject).end(body);
  });
}
