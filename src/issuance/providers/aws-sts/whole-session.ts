import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import type { Clock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import type { Order } from '../../provider.js';
import type { StsCalls } from './client.js';
import { type Session, sessionFrom } from './issued.js';
import type { AwsStsScope, FilledScope } from './scope.js';
import { type SessionHandle, tagsOf } from './session.js';
import { type AwsStsSettings, shortestSeconds } from './settings.js';
import { mustBeWithin } from './within.js';

/** What sessions are opened with. */
export interface Opening {
  readonly sts: StsCalls;
  readonly settings: AwsStsSettings;
  readonly clock: Clock;
}

/**
 * One AssumeRole with the session policy of the entry, under the name of the handle, for `order.ttlSeconds`. Faults
 * `ttl.below_floor` and, below another task, `credential.wider`: AssumeRole takes one policy, not the intersection of
 * several, so that it has to be seen beforehand that this one allows nothing more.
 */
export async function openWholeSession(
  { sts, settings, clock }: Opening,
  order: Order,
  entry: FilledScope,
  handle: SessionHandle,
): Promise<Session> {
  if (order.ttlSeconds < shortestSeconds)
    throw new Fault('ttl.below_floor', 'AWS STS mints no session that is shorter than 15 minutes.');
  mustBeWithin(entry, order.within ?? []);
  const answer = await sts.assumeRole({
    ...sessionInput(order, entry, handle, settings),
    DurationSeconds: order.ttlSeconds,
    Policy: entry.policyText,
    ...(entry.policyArns.length > 0 ? { PolicyArns: entry.policyArns.map((arn) => ({ arn })) } : {}),
  });
  return sessionFrom(answer, handle, order.ttlSeconds, clock());
}

/** What every session of a lease is opened with, whatever it is held to. */
export const sessionInput = (
  order: Order,
  entry: Pick<AwsStsScope, 'tags'>,
  handle: SessionHandle,
  { externalId }: Pick<AwsStsSettings, 'externalId'>,
): AssumeRoleCommandInput => ({
  RoleArn: handle.role,
  RoleSessionName: handle.sessionName,
  ...(entry.tags ? { Tags: tagsOf(order) } : {}),
  ...(handle.sourceIdentity === undefined ? {} : { SourceIdentity: handle.sourceIdentity }),
  ...(externalId === undefined ? {} : { ExternalId: externalId }),
});
