import { isDeepStrictEqual } from 'node:util';
import { isSenderConstrained, provedAt } from '../identity/principal.js';
import type { Principal } from '../identity/principal.js';
import { Fault, faultCode } from '../kernel/fault.js';
import { newLeaseId } from '../kernel/id.js';
import { optional } from '../kernel/present.js';
import type { Issued, Order, Provider } from '../issuance/provider.js';
import type { Lease } from '../lease/lease.js';
import { redeem } from '../policy/permit.js';
import { actOf } from '../task/scope.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { Task } from '../task/task.js';
import type { Conditions, Idempotency, QuotaOf } from '../ledger/ledger.js';
import type { Rate } from '../policy/rate.js';
import { approvedFor } from './approved.js';
import { requireAgentOf, requireKind, visibleTask } from './authorize.js';
import type { CredentialRequest, Grant } from './broker.js';
import { chainBefore, onTheChainAsItIs } from './chain.js';
import { checkDelivery, inClear, openDelivery } from './delivery.js';
import type { Delivery } from './delivery.js';
import { dispatchDue } from './dispatch-due.js';
import { decide, decideAgain } from './decide.js';
import type { Decided } from './decide.js';
import { ownerOf, requireOwner, requireStanding } from './inventory.js';
import { endedWhileMinting, mint, takeBack } from './mint.js';
import type { Ports } from './ports.js';
import { recordRefusal } from './record-refusal.js';
import { idempotencyOf } from './tasks.js';
import { withinOf } from './within.js';

/** The whole product on one screen: who, for what, may they, write it down, make it, hand it over. */
export async function grant(
  ports: Ports,
  principal: Principal,
  request: CredentialRequest,
  idempotencyKey?: string,
): Promise<Grant> {
  const startedAt = performance.now();
  let task: Task | undefined;
  let decided: Decided | undefined;
  try {
    requireKind(principal, 'agent');
    requireOwner(ports, principal.id);
    const key = request.encryptTo;
    const delivery = key === undefined ? inClear : await openDelivery(ports, principal, key);
    const idempotency = idempotencyOf(principal, request, idempotencyKey);
    // The reservation decides on the tool chain as well: what was decided on another one is decided again.
    return await onTheChainAsItIs(async () => {
      task = visibleTask(principal, await ports.ledger.tasks.recall(request.task));
      requireAgentOf(principal, task);
      requireStanding(ports, task);
      const approved = request.approval && (await approvedFor(ports, principal, request));
      decided = decide(ports, principal, task, request, approved ? { approved } : {});
      checkDelivery(decided.entry, delivery);
      return issue(ports, decided, delivery, idempotency, startedAt);
    });
  } catch (error) {
    ports.meter.issued(
      decided?.entry.provider ?? '',
      faultCode(error),
      (performance.now() - startedAt) / 1000,
    );
    await recordRefusal(ports, principal, request, task, decided, error);
    throw error;
  }
}

/** What is permitted is written down, made, and handed over. `startedAt` on the monotonic clock, for the meter. */
export async function issue(
  ports: Ports,
  decided: Decided,
  delivery: Delivery,
  idempotency: Idempotency | undefined,
  startedAt: number,
): Promise<Grant> {
  ports.guard?.admit();
  ports.admission.admit(decided.entry.provider);
  redeem(decided.permit);

  const { provider, order } = orderOf(ports, decided);
  const handle = provider.plan(order);
  const wanted = newLease(ports, decided, provider, order, handle);
  const event = reservedEvent(decided, provider, order, delivery);
  const conditions = conditionsOf(ports, decided);
  const { issued, lease } = await ports.breakers.issuing.run(provider.name, async () => {
    const reserved = await ports.ledger.leases.reserve(wanted, event, idempotency, conditions);
    return mint(ports, provider, order, reserved);
  });
  const { secret, active } = await handOver(ports, decided, delivery, issued, lease).catch((fault: unknown) =>
    takeBack(ports, lease, fault),
  );
  if (!active) {
    await dispatchDue(ports, provider.name);
    throw endedWhileMinting();
  }
  ports.meter.issued(provider.name, 'issued', (performance.now() - startedAt) / 1000);
  return { lease: active, secret };
}

/** Nothing that throws here leaves a credential in use. `active` is undefined when the task has ended meanwhile. */
async function handOver(
  ports: Ports,
  decided: Decided,
  delivery: Delivery,
  issued: Issued,
  lease: Lease,
): Promise<{ readonly secret: Grant['secret']; readonly active: Lease | undefined }> {
  const secret = delivery === inClear ? issued.secret : await delivery.wrap(issued.secret);
  const changed = decideAgain(ports, decided);
  if (changed) throw changed;
  const { expiresAt, effect = lease.effect } = issued;
  return { secret, active: await ports.ledger.leases.activate(lease, { expiresAt, effect }) };
}

function orderOf(
  ports: Ports,
  { entry, scope, task, parameters, ttlSeconds, ceilingSeconds }: Decided,
): { provider: Provider; order: Order } {
  const provider = ports.providers.get(entry.provider);
  if (!provider)
    throw new Fault('provider.unavailable', 'The provider of this entry is not configured here.');
  const order = {
    leaseId: newLeaseId(task.id),
    taskId: task.id,
    agent: task.agent,
    entry: entry.name,
    scope,
    ttlSeconds,
    ceilingSeconds,
    installation: ports.installation,
    within: withinOf(task, entry, parameters),
  };
  return { provider, order };
}

const conditionsOf = (
  { limits, guard, inventory, ledger }: Ports,
  { entry, principal, task, approved, request: { step, tool } }: Decided,
) => ({
  mustHold: guard?.mustHold(),
  asking: {
    principal,
    owner: ownerOf(inventory, principal.id),
    provedAt: provedAt(principal, ledger.clock()),
  },
  ofAgent: limits.liveLeasesPerAgent,
  ofEntry: entry.maximumLive,
  ofTask: limits.liveLeasesPerTask,
  ofTree: limits.liveLeasesPerTree,
  inAll: limits.liveLeases,
  chain: task.chain?.count ?? 0,
  step: step === undefined ? undefined : { id: step, tool: tool ?? '' },
  rates: ratesOf(limits, entry),
  approval: approved,
});

function ratesOf(limits: Ports['limits'], entry: CatalogEntry): Conditions['rates'] {
  const rates: [QuotaOf, Rate][] = [];
  if (limits.issueRatePerAgent) rates.push(['agent', limits.issueRatePerAgent]);
  if (limits.issueRatePerTask) rates.push(['task', limits.issueRatePerTask]);
  if (entry.issueRate) rates.push(['entry', entry.issueRate]);
  return rates.length > 0 ? rates : undefined;
}

function newLease(ports: Ports, decided: Decided, provider: Provider, order: Order, handle: Lease['handle']) {
  const { request, parameters, task, ask, approved } = decided;
  return optional({
    id: order.leaseId,
    taskId: order.taskId,
    agent: order.agent,
    entry: order.entry,
    provider: provider.name,
    parameters,
    handle,
    effect: provider.effect(order.scope),
    ttlSeconds: order.ttlSeconds,
    ceilingSeconds: order.ceilingSeconds,
    mintTimeoutMs: ports.limits.mintTimeoutMs * 2,
    enrolment: provider.enrolment?.(handle),
    tool: request.tool,
    actors: task.actors?.map(({ id }) => id),
    step: request.step,
    reason: request.reason,
    approval: approved?.id,
    breakGlass: ask.action === 'breakGlass' ? (true as const) : undefined,
  });
}

function reservedEvent(
  { task, asked, record, parameters, principal, approved }: Decided,
  provider: Provider,
  order: Order,
  { encryptedTo }: Delivery,
) {
  return optional({
    type: 'lease.reserved' as const,
    lease: order.leaseId,
    task: task.id,
    agent: task.agent,
    intent: task.intent,
    onBehalfOf: task.onBehalfOf,
    chain: chainBefore(task),
    actors: task.actors?.map(({ id }) => id),
    act: task.actors && actOf(task.agent, task.actors),
    asked: encryptedTo === undefined ? asked : { ...asked, encryptedTo },
    decided: record,
    provider: provider.name,
    ttlSeconds: order.ttlSeconds,
    parameters: approved && !isDeepStrictEqual(parameters, asked.parameters) ? parameters : undefined,
    effect: provider.effect(order.scope),
    approval: approved?.id,
    issuer: principal.issuer,
    jkt: principal.provedBy,
    senderConstrained: principal.provedBy === undefined ? undefined : isSenderConstrained(principal),
    claims: principal.claims,
  });
}
