import type { AwaitingApproval, Broker, CredentialRequest, Grant } from '../broker/broker.js';
import type { Provider } from '../issuance/provider.js';
import type { Tracing } from '../kernel/tracing.js';
import type { Policy } from '../policy/decision.js';
import type { RevocationQueue, RevokeOne } from '../revocation/revocation-queue.js';

// Each takes a part and gives the same part with spans around what it does; nothing inside knows of them.

export const tracedBroker = (broker: Broker, tracing: Tracing): Broker => ({
  ...broker,
  grant: (principal, request, key) => issuing(tracing, request, () => broker.grant(principal, request, key)),
  grantOrAsk: (principal, request, key) =>
    issuing(tracing, request, () => broker.grantOrAsk(principal, request, key)),
  renew: (principal, request, key) =>
    tracing.span('protem.renew', { 'protem.lease.id': request.lease }, () =>
      broker.renew(principal, request, key),
    ),
  endTask: (principal, id, ...rest) =>
    tracing.span('protem.task.end', { 'protem.task.id': id }, () => broker.endTask(principal, id, ...rest)),
});

const issuing = <Answer extends Grant | AwaitingApproval>(
  tracing: Tracing,
  request: CredentialRequest,
  issue: () => Promise<Answer>,
): Promise<Answer> =>
  tracing.span(
    'protem.issue',
    { 'protem.task.id': request.task, 'protem.entry': request.credential },
    async (note) => {
      const answer = await issue();
      if ('lease' in answer) note({ 'protem.lease.id': answer.lease.id });
      return answer;
    },
  );

export const tracedPolicy = (policy: Policy, tracing: Tracing): Policy => ({
  ...policy,
  decide: (ask) =>
    tracing.instant('protem.policy.evaluate', (note) => {
      const decision = policy.decide(ask);
      note({ 'protem.decision': decision.is, 'protem.policy.digest': policy.digest });
      return decision;
    }),
});

export const tracedProvider = (provider: Provider, tracing: Tracing): Provider => ({
  ...provider,
  issue: (order, handle, learn) =>
    tracing.span(
      'protem.provider.mint',
      { 'protem.provider': provider.name, 'protem.lease.id': order.leaseId },
      () => provider.issue(order, handle, learn),
    ),
});

/** What asked for a revocation goes with its job, so that the revocation can be linked to it. */
export const tracedQueue = (queue: RevocationQueue, tracing: Tracing): RevocationQueue => ({
  ...queue,
  add: (provider, leaseIds) => queue.add(provider, leaseIds, tracing.current()),
});

export const tracedRevocation =
  (provider: string, revokeOne: RevokeOne, tracing: Tracing): RevokeOne =>
  (leaseId, from) =>
    tracing.linked('protem.revoke', { 'protem.provider': provider, 'protem.lease.id': leaseId }, from, () =>
      revokeOne(leaseId),
    );
