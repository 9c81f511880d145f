import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts';
import { afterEach } from '@jest/globals';
import {
  type AwsStandIn,
  type AwsStandInOptions,
  startAwsStandIn,
} from '../../../src/sandbox/aws/stand-in.js';
import type { AccessKey, AwsSeed } from '../../../src/sandbox/aws/seed.js';
import { arnOf, seed } from './reports-account.js';

type Key = AccessKey & { readonly sessionToken?: string };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A stand-in for one test. */
export async function start(options: AwsStandInOptions = {}, with_: AwsSeed = seed): Promise<AwsStandIn> {
  const standIn = await startAwsStandIn(with_, options);
  closing.push(standIn.close);
  return standIn;
}

const configOf = ({ url, region, accessKey }: AwsStandIn, credentials: Key = { ...accessKey }) => ({
  endpoint: url,
  region,
  credentials,
  maxAttempts: 1,
});

function closed<T extends { destroy(): void }>(client: T): T {
  closing.push(() => client.destroy());
  return client;
}

export const stsOf = (standIn: AwsStandIn, key?: Key) => closed(new STSClient(configOf(standIn, key)));
export const iamOf = (standIn: AwsStandIn, key?: Key) => closed(new IAMClient(configOf(standIn, key)));
export const s3Of = (standIn: AwsStandIn, key?: Key) =>
  closed(new S3Client({ ...configOf(standIn, key), forcePathStyle: true }));

/** AssumeRole with the real client; what is left out is something that goes through. */
export const assume = (standIn: AwsStandIn, input: Partial<AssumeRoleCommandInput> = {}, key?: Key) =>
  stsOf(standIn, key).send(
    new AssumeRoleCommand({
      RoleArn: arnOf('reports'),
      RoleSessionName: 'j.tAAAAAAA.1',
      ...input,
    }),
  );

/** The keys of a session of its own. */
export async function session(
  standIn: AwsStandIn,
  input: Partial<AssumeRoleCommandInput> = {},
  key?: Key,
): Promise<Required<Key>> {
  const { Credentials: made } = await assume(standIn, input, key);
  return {
    accessKeyId: made?.AccessKeyId ?? '',
    secretAccessKey: made?.SecretAccessKey ?? '',
    sessionToken: made?.SessionToken ?? '',
  };
}
