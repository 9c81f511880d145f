import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach } from '@jest/globals';
import { awsSts, openAwsSts } from '../../../../src/issuance/providers/aws-sts/index.js';
import type { AwsStsScope } from '../../../../src/issuance/providers/aws-sts/scope.js';
import type { Order, Provider } from '../../../../src/issuance/provider.js';
import type { ProviderWorld } from '../../../../src/issuance/world.js';
import { newLeaseId, newTaskId } from '../../../../src/kernel/id.js';
import type { AwsStandIn } from '../../../../src/sandbox/aws/stand-in.js';
import { arnOf, readPrefix } from '../../../sandbox/aws/reports-account.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export function providerOf(
  standIn: Pick<AwsStandIn, 'url' | 'region' | 'accessKey'>,
  more: object = {},
  world?: ProviderWorld,
): Provider<AwsStsScope> {
  const provider = openAwsSts(
    'aws',
    awsSts.settings.parse({
      region: standIn.region,
      endpoint: standIn.url,
      credentials: standIn.accessKey,
      timeout: '1s',
      ...more,
    }),
    world,
  );
  closing.push(() => provider.close());
  return provider;
}

export function orderOf(scope: object = {}, more: Partial<Order> = {}): Order<AwsStsScope> {
  const taskId = newTaskId();
  return {
    leaseId: newLeaseId(taskId),
    taskId,
    agent: 'spiffe://example.org/agent/reporter',
    entry: 'reports-reader',
    ttlSeconds: 900,
    ceilingSeconds: 3600,
    ...more,
    scope: awsSts.scope.parse({ role: arnOf('reports'), sessionPolicy: readPrefix('q3'), ...scope }),
  };
}

export const issue = (provider: Provider<AwsStsScope>, order: Order<AwsStsScope>) =>
  provider.issue(order, provider.plan(order), () => Promise.resolve());

export const read = async (client: S3Client, Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'reports', Key }));
  return Body?.transformToString();
};
