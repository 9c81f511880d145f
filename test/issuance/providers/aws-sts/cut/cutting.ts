import { ListRolePoliciesCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterEach } from '@jest/globals';
import type { Handle, Order, Provider, Revoked } from '../../../../../src/issuance/provider.js';
import { awsSts, openAwsSts } from '../../../../../src/issuance/providers/aws-sts/index.js';
import type { AwsStsScope } from '../../../../../src/issuance/providers/aws-sts/scope.js';
import type { ProviderWorld } from '../../../../../src/issuance/world.js';
import { newLeaseId } from '../../../../../src/kernel/id.js';
import { Secret } from '../../../../../src/kernel/secret.js';
import type { Lease } from '../../../../../src/lease/lease.js';
import type { Ledger } from '../../../../../src/ledger/ledger.js';
import { redisLedger } from '../../../../../src/ledger/redis-ledger.js';
import type { AwsSeed } from '../../../../../src/sandbox/aws/seed.js';
import { type AwsStandIn, startAwsStandIn } from '../../../../../src/sandbox/aws/stand-in.js';
import { newLease, newTask, reservedEvent } from '../../../../fake/ledger-facts.js';
import { worldOn } from '../../../../fake/provider-world.js';
import { iamOf, s3Of } from '../../../../sandbox/aws/clients.js';
import { arnOf, readPrefix, seed } from '../../../../sandbox/aws/reports-account.js';
import { backends, connected, uniquePrefix } from '../../../../setup/backends.js';
import { keyOf } from '../account.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
export const closed = (close: () => unknown) => void closing.push(close);

/** A session that was issued for a lease, and what it takes to use it and to end it. */
export interface Held {
  readonly lease: Lease;
  /** Whether S3 lets it in now; anything but an answer of S3 is thrown. */
  works(): Promise<boolean>;
}

export interface Account {
  readonly standIn: AwsStandIn;
  readonly ledger: Ledger;
  readonly logged: { readonly level: string; readonly facts: object; readonly message: string }[];
  /** One more worker process, as far as the ledger and AWS can tell. */
  provider(settings?: object, world?: Partial<ProviderWorld>): Provider<AwsStsScope>;
  openTask(): Promise<string>;
  order(taskId: string, scope?: object): Order<AwsStsScope>;
  reserve(provider: Provider<AwsStsScope>, order: Order<AwsStsScope>): Promise<Lease>;
  hold(provider: Provider<AwsStsScope>, taskId: string, scope?: object): Promise<Held>;
  end(lease: Lease): Promise<Lease>;
}

/** An account at the stand-in, a ledger of its own, and the acts of the broker between them. */
export async function openAccount(
  options: { readonly seed?: AwsSeed; readonly spreadMs?: number } = {},
): Promise<Account> {
  const standIn = await startAwsStandIn(options.seed ?? seed, { spreadMs: options.spreadMs ?? 0 });
  closing.push(() => standIn.close());
  const redis = await connected(backends[0]!.url);
  const ledger = redisLedger(redis, { prefix: uniquePrefix() });
  const logged: Account['logged'] = [];
  const say = (level: string) => (facts: object, message: string) =>
    void logged.push({ level, facts, message });
  const log = { info: say('info'), warn: say('warn'), error: say('error') };

  const account: Account = {
    standIn,
    ledger,
    logged,
    provider(settings = {}, world = {}) {
      const provider = openAwsSts(
        'aws',
        awsSts.settings.parse({
          region: standIn.region,
          endpoint: standIn.url,
          credentials: { ...standIn.accessKey },
          maximumTtl: '1h',
          timeout: '2s',
          attempts: 1,
          ...settings,
        }),
        worldOn(ledger, 'aws', { log, ...world }),
      );
      closing.push(() => provider.close());
      return provider;
    },
    async openTask() {
      const task = await ledger.tasks.open(newTask({ deadlineAt: Date.now() + 3_600_000 }));
      return task!.id;
    },
    order: orderFor,
    reserve: (provider, order) => reservedBy(ledger, provider, order),
    async hold(provider, taskId, scope = {}) {
      const order = account.order(taskId, scope);
      const lease = await account.reserve(provider, order);
      const issued = await provider.issue(order, lease.handle, () => Promise.resolve());
      const active = await ledger.leases.activate(lease, {
        expiresAt: issued.expiresAt,
        effect: issued.effect ?? lease.effect,
      });
      const secret = issued.secret.reveal();
      return { lease: active!, works: () => letIn(standIn, secret) };
    },
    end: (lease) => endedBy(ledger, lease),
  };
  return account;
}

/** An order that is cut off by a deny, on the role of the reports unless the scope says another. */
export const orderFor = (taskId: string, scope: object = {}): Order<AwsStsScope> => ({
  leaseId: newLeaseId(taskId),
  taskId,
  agent: 'spiffe://example.org/agent/a',
  entry: 'reports-reader',
  ttlSeconds: 900,
  ceilingSeconds: 3600,
  scope: awsSts.scope.parse({
    role: arnOf('reports'),
    sessionPolicy: readPrefix('q3'),
    cutOff: ['deny'],
    ...scope,
  }),
});

export function reservedBy(
  ledger: Ledger,
  provider: Provider<AwsStsScope>,
  order: Order<AwsStsScope>,
): Promise<Lease> {
  const handle = provider.plan(order);
  const enrolment = provider.enrolment?.(handle);
  const lease = newLease(order.taskId, {
    ...{ id: order.leaseId, provider: 'aws', handle, ttlSeconds: order.ttlSeconds },
    effect: provider.effect(order.scope),
    ...(enrolment && { enrolment }),
  });
  return ledger.leases.reserve(lease, reservedEvent(lease));
}

export const endedBy = async (ledger: Ledger, lease: Lease): Promise<Lease> =>
  (await ledger.leases.revoke(lease.id, 'operator', 'olga'))!;

export async function letIn(
  standIn: AwsStandIn,
  secret: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const s3 = s3Of(standIn, keyOf({ secret: new Secret(secret) }));
  try {
    await s3.send(new GetObjectCommand({ Bucket: 'reports', Key: 'q3/summary.csv' }));
    return true;
  } catch (error) {
    if ((error as Error).name === 'AccessDenied') return false;
    throw error;
  }
}

/** Asks again as the worker does, but sooner, until it is over. */
export async function revokedFully(
  provider: Provider<AwsStsScope>,
  lease: Lease,
  patience = 200,
): Promise<readonly Revoked[]> {
  const answers: Revoked[] = [];
  let ending: Lease = lease;
  for (let asked = 0; asked < patience; asked++) {
    const answer = await provider.revoke(lease.handle as Handle, ending);
    answers.push(answer);
    if (answer.is === 'revoked' || answer.is === 'expires') return answers;
    if (answer.is === 'written') ending = { ...ending, writtenAt: answer.writtenAt };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not over after ${patience} times: ${JSON.stringify(answers.at(-1))}`);
}

export const eventsOf = (standIn: AwsStandIn, name: string) =>
  standIn.trail().filter(({ eventName }) => eventName === name);

/** The documents of the broker that stand on the role, by name. */
export const policiesOf = async (standIn: Parameters<typeof iamOf>[0], RoleName = 'reports') => {
  const { PolicyNames = [] } = await iamOf(standIn).send(new ListRolePoliciesCommand({ RoleName }));
  return PolicyNames.filter((name) => name.startsWith('protem-'));
};
