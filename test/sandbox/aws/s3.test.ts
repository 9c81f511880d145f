import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import { s3Of, session, start } from './clients.js';
import { readPrefix, seed } from './reports-account.js';

const Bucket = 'reports';
const text = async (s3: S3Client, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

async function open(policy?: object): Promise<S3Client> {
  const standIn = await start();
  return s3Of(standIn, await session(standIn, policy ? { Policy: JSON.stringify(policy) } : {}));
}

describe('objects', () => {
  test.each(['plain.txt', 'with space +&?#%.txt', 'ünïcödé/界.txt', "a'b(c)*!.txt", 'a//b/./c'])(
    'what is put under %s is got again',
    async (Key) => {
      const s3 = await open();
      const { ETag } = await s3.send(
        new PutObjectCommand({ Bucket, Key, Body: 'body', ContentType: 'text/x' }),
      );
      const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
      expect([got.ETag, got.ContentType, await got.Body?.transformToString()]).toEqual([
        ETag,
        'text/x',
        'body',
      ]);
      expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength).toBe(4);
    },
  );

  test('a stream in chunks arrives whole', async () => {
    const s3 = await open();
    const body = 'x'.repeat(200_000);
    const stream = Readable.from([Buffer.from(body)]);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'big', Body: stream, ContentLength: body.length }));
    expect(await text(s3, 'big')).toBe(body);
  });

  test('what is not there is a 404 to who may list, and a 403 to who may not', async () => {
    await expect(text(await open(), 'nope')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(text(await open(readPrefix('q3')), 'q3/nope')).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });

  test('a bucket that is not there', async () => {
    const s3 = await open();
    await expect(s3.send(new GetObjectCommand({ Bucket: 'nope', Key: 'x' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });

  test('another action is said to be missing rather than played', async () => {
    await expect((await open()).send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });
});

describe('lists', () => {
  test('a delimiter rolls up, and pages follow each other', async () => {
    const s3 = await open();
    const page = (ContinuationToken?: string) =>
      s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 2, ContinuationToken }));
    const first = await page();
    expect(first.CommonPrefixes).toEqual([{ Prefix: 'q3/' }, { Prefix: 'q4/' }]);
    expect(first).toMatchObject({ IsTruncated: true, KeyCount: 2 });
    const second = await page(first.NextContinuationToken);
    expect(second.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([['top.txt', 3]]);
    expect(second.IsTruncated).toBe(false);
  });

  test('s3:prefix is what was asked for, and absent when nothing was', async () => {
    const s3 = await open(readPrefix('q3'));
    const list = (Prefix?: string) => s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    expect((await list('q3/')).KeyCount).toBe(2);
    for (const prefix of ['q4/', 'q3', undefined])
      await expect(list(prefix)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

test('a bucket policy is heard', async () => {
  const [first] = seed.accounts;
  const closed = {
    name: 'closed',
    objects: { a: 'a' },
    policy: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::closed/*' },
      ],
    },
  };
  const standIn = await start({}, { accounts: [{ ...first!, buckets: [closed] }] });
  const s3 = s3Of(standIn, await session(standIn));
  await expect(s3.send(new GetObjectCommand({ Bucket: 'closed', Key: 'a' }))).rejects.toMatchObject({
    message: expect.stringContaining('explicit deny in a resource-based policy'),
  });
});
