import type { Principal } from '../identity/principal.js';
import { Fault, faultCode } from '../kernel/fault.js';
import { newRequestId } from '../kernel/id.js';
import type { Order } from '../issuance/provider.js';
import type { Lease } from '../lease/lease.js';
import type { BegunRenewal } from '../ledger/renewal-ledger.js';
import { redeem } from '../policy/permit.js';
import type { Task } from '../task/task.js';
import { requireKind, visibleLease, visibleTask } from './authorize.js';
import type { Renewal, RenewalRequest } from './broker.js';
import { carryOn, endInVain, failed } from './carry-on.js';
import type { Renewing } from './carry-on.js';
import { onTheChainAsItIs } from './chain.js';
import { decideAgain } from './decide.js';
import { decideRenewal, lifeSeconds } from './decide-renewal.js';
import type { DecidedRenewal } from './decide-renewal.js';
import { checkDelivery, openDelivery } from './delivery.js';
import type { Delivery } from './delivery.js';
import { dispatchDue } from './dispatch-due.js';
import { requireOwner, requireStanding } from './inventory.js';
import type { Ports } from './ports.js';
import { recordRenewalRefusal } from './record-refusal.js';
import { idempotencyOf } from './tasks.js';
import { withinOf } from './within.js';

/** Like a grant, but for what is held already: who, may they still, write it down, carry it on, say so. */
export async function renew(
  ports: Ports,
  principal: Principal,
  request: RenewalRequest,
  idempotencyKey?: string,
): Promise<Renewal> {
  let lease: Lease | undefined;
  let decided: DecidedRenewal | undefined;
  try {
    requireKind(principal, 'agent');
    requireOwner(ports, principal.id);
    // Decided on the tool chain as well, as the credential was: on another one it is decided again.
    return await onTheChainAsItIs(async () => {
      lease = visibleLease(principal, await ports.ledger.leases.find(request.lease));
      const task = visibleTask(principal, await ports.ledger.tasks.recall(lease.taskId));
      requireStanding(ports, task);
      const delivery = await openDelivery(ports, principal, request.encryptTo);
      decided = decideRenewal(ports, principal, task, lease, request);
      checkDelivery(decided.entry, delivery);
      redeem(decided.permit);
      ports.guard?.admit();
      ports.admission.admit(lease.provider);

      const provider = renewingProvider(ports, lease, decided);
      const idempotency = idempotencyOf(principal, { renew: request }, idempotencyKey);
      const wanted = newRenewal(ports, task, lease, request, decided, provider);
      const event = renewingEvent(lease, decided, principal, delivery);
      const order = (begun: BegunRenewal) => orderOf(lease!, task, decided!, begun);
      const carried = await ports.breakers.issuing.run(provider.name, async () => {
        const begun = await ports.ledger.renewals.begin(wanted, event, idempotency);
        return begun && { begun, ...(await carryOn(ports, provider, order(begun), begun)) };
      });
      if (!carried) return { lease: (await ports.ledger.leases.find(lease.id)) ?? lease };

      const { begun, expiresAt } = carried;
      const secret =
        carried.secret &&
        (await delivery.wrap(carried.secret).catch((fault: unknown) => lost(ports, provider, begun, fault)));
      const granted = { ...decided, ttlSeconds: lifeSeconds(lease, begun.endsAt) };
      const changed = decideAgain(ports, granted);
      if (changed) await revokeAsChanged(ports, begun, changed);
      const renewed = await ports.ledger.renewals
        .finish(begun, { expiresAt, replaced: secret !== undefined }, idempotency)
        .catch((fault: unknown) => lost(ports, provider, begun, fault));
      ports.meter.renewed(provider.name, 'renewed');
      return { lease: renewed, ...(secret && { secret }) };
    });
  } catch (error) {
    ports.meter.renewed(lease?.provider ?? '', faultCode(error));
    await recordRenewalRefusal(ports, principal, request, decided, error);
    throw error;
  }
}

function renewingProvider(ports: Ports, lease: Lease, { entry }: DecidedRenewal): Renewing {
  const provider = ports.providers.get(lease.provider);
  if (!provider)
    throw new Fault('provider.unavailable', 'The provider of this lease is not configured here.');
  if (!provider.renew || entry.provider !== lease.provider || lease.unending)
    throw new Fault('lease.not_renewable', 'The provider of this lease cannot carry a credential on.');
  return provider as Renewing;
}

const newRenewal = (
  ports: Ports,
  { chain }: Task,
  lease: Lease,
  request: RenewalRequest,
  { askedSeconds, limitAt, scope }: DecidedRenewal,
  provider: Renewing,
) => ({
  id: newRequestId(),
  lease,
  askedSeconds,
  mayShorten: request.ttlSeconds !== undefined,
  limitAt,
  minimumSeconds: provider.minimumTtlSeconds(scope),
  timeoutMs: ports.limits.mintTimeoutMs * 2,
  mustHold: ports.guard?.mustHold(),
  chain: chain?.count ?? 0,
});

const renewingEvent = (
  lease: Lease,
  { asked, record }: DecidedRenewal,
  { provedBy }: Principal,
  { encryptedTo }: Delivery,
) => ({
  type: 'lease.renewing' as const,
  lease: lease.id,
  task: lease.taskId,
  agent: lease.agent,
  asked: encryptedTo === undefined ? asked : { ...asked, encryptedTo },
  decided: record,
  ...(provedBy !== undefined && { jkt: provedBy }),
});

const orderOf = (
  lease: Lease,
  task: Task,
  { entry, ask, scope, ceilingAt }: DecidedRenewal,
  { ttlSeconds }: BegunRenewal,
): Order => ({
  leaseId: lease.id,
  taskId: lease.taskId,
  agent: lease.agent,
  entry: lease.entry,
  scope,
  ttlSeconds,
  ceilingSeconds: Math.max(ttlSeconds, Math.floor((ceilingAt - lease.reservedAt) / 1000)),
  within: withinOf(task, entry, ask.parameters),
});

/** What policy no longer permits is not only not carried on: it ends. */
async function revokeAsChanged(ports: Ports, begun: BegunRenewal, fault: Fault): Promise<never> {
  await failed(ports, begun, fault.code, { settled: true });
  await ports.ledger.leases.revoke(begun.lease.id, 'policy_changed', 'broker');
  await dispatchDue(ports, begun.lease.provider);
  throw fault;
}

/** The end of the task or of the lease was there first; the ledger has seen to its revocation. */
async function lost(ports: Ports, provider: Renewing, begun: BegunRenewal, fault: unknown): Promise<never> {
  if (faultCode(fault) !== 'state.unavailable') await endInVain(ports, provider, begun);
  throw fault;
}
