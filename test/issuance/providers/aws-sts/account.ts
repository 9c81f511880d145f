import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterEach } from '@jest/globals';
import { awsSts, openAwsSts } from '../../../../src/issuance/providers/aws-sts/index.js';
import type { AwsStsScope } from '../../../../src/issuance/providers/aws-sts/scope.js';
import type { Handle, Issued, Order, Provider } from '../../../../src/issuance/provider.js';
import { newLeaseId, newTaskId } from '../../../../src/kernel/id.js';
import type { AwsStandIn } from '../../../../src/sandbox/aws/stand-in.js';
import { s3Of } from '../../../sandbox/aws/clients.js';
import { arnOf, readPrefix } from '../../../sandbox/aws/reports-account.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export interface Opened extends Provider<AwsStsScope> {
  renew: NonNullable<Provider<AwsStsScope>['renew']>;
  /** What the operator was told. */
  readonly told: string[];
}

/** The provider on a stand-in, as it is after a start: it remembers nothing. */
export function providerOf(standIn: AwsStandIn, more: object = {}, now?: () => number): Opened {
  const told: string[] = [];
  const provider = openAwsSts(
    'aws',
    awsSts.settings.parse({
      region: standIn.region,
      endpoint: standIn.url,
      credentials: standIn.accessKey,
      timeout: '2s',
      attempts: 1,
      ...more,
    }),
    undefined,
    now,
    (_facts, message) => told.push(message),
  );
  closing.push(() => provider.close());
  return { ...provider, renew: provider.renew!, told };
}

/** The entry is cut in slices, on a role that may be sliced. */
export function orderOf(scope: object = {}, more: Partial<Order<AwsStsScope>> = {}): Order<AwsStsScope> {
  const taskId = more.taskId ?? newTaskId();
  return {
    leaseId: newLeaseId(taskId),
    taskId,
    agent: 'spiffe://example.org/agent/reporter',
    entry: 'reports-slices',
    ttlSeconds: 3600,
    ceilingSeconds: 3600,
    ...more,
    scope: awsSts.scope.parse({
      role: arnOf('sliced'),
      sessionPolicy: readPrefix('q3'),
      cutOff: ['slices'],
      ...scope,
    }),
  };
}

/** Issues as the broker does, and keeps the handle that was stored last. */
export async function issue(
  provider: Provider<AwsStsScope>,
  order: Order<AwsStsScope>,
): Promise<Issued & { readonly handle: Handle }> {
  let handle = provider.plan(order);
  const issued = await provider.issue(order, handle, (better) => {
    handle = better;
    return Promise.resolve();
  });
  return { ...issued, handle };
}

export const keyOf = ({ secret }: { readonly secret: Issued['secret'] }) => {
  const { AccessKeyId, SecretAccessKey, SessionToken } = secret.reveal();
  return {
    accessKeyId: String(AccessKeyId),
    secretAccessKey: String(SecretAccessKey),
    sessionToken: String(SessionToken),
  };
};

/** Whether the credential can read an object of the bucket; anything but a refusal is an error. */
export async function reads(
  standIn: AwsStandIn,
  issued: { readonly secret: Issued['secret'] },
  Key: string,
): Promise<boolean> {
  try {
    await s3Of(standIn, keyOf(issued)).send(new GetObjectCommand({ Bucket: 'reports', Key }));
    return true;
  } catch (error) {
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === 403 || $metadata?.httpStatusCode === 400) return false;
    throw error;
  }
}

/** The calls to STS so far: `AssumeRole`, `GetScopedCredentials`. */
export const callsOf = (standIn: AwsStandIn): string[] =>
  standIn
    .trail()
    .filter(({ eventSource }) => eventSource === 'sts.amazonaws.com')
    .map(({ eventName }) => eventName);
