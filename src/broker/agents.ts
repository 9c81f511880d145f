import type { Principal } from '../identity/principal.js';
import { riskOf, strongestOf } from '../identity/risk.js';
import type { RiskSignal } from '../identity/risk.js';
import { Fault } from '../kernel/fault.js';
import { newWithdrawalId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import { riskLevels } from '../kernel/risk-levels.js';
import type { SeenAgent } from '../ledger/agent-ledger.js';
import { decodePageToken, encodePageToken } from '../ledger/page-token.js';
import type { Page, PageQuery } from '../ledger/ledger.js';
import type { Along } from '../ledger/withdrawal-ledger.js';
import type { Block, Scope } from '../revocation/withdrawal.js';
import { requireKind, requireRole } from './authorize.js';
import { lift } from './blocks.js';
import type { Agent, NewSignal } from './broker.js';
import { isOwnerless } from './inventory.js';
import type { Ports } from './ports.js';
import { beginRevocation } from './revoke-many.js';

/** OPS-01: those of the settings and those that have asked for a credential, by name. */
export async function listAgents(ports: Ports, principal: Principal, query: PageQuery): Promise<Page<Agent>> {
  requireKind(principal, 'operator');
  const known = new Set([...ports.inventory.agents.keys(), ...(await ports.ledger.agents.ids())]);
  const start = Number(decodePageToken(query.pageToken, /^\d{1,9}$/)?.[0] ?? 0);
  const ids = [...known].toSorted();
  const items = await describe(ports, ids.slice(start, start + query.pageSize));
  const next = start + query.pageSize;
  return next < ids.length ? { items, nextPageToken: encodePageToken([next]) } : { items };
}

export async function findAgent(ports: Ports, principal: Principal, id: string): Promise<Agent> {
  requireKind(principal, 'operator');
  const [seen] = await ports.ledger.agents.find([id]);
  if (!seen && !ports.inventory.agents.has(id) && !(await disabledAgents(ports)).has(id))
    throw new Fault('agent.unknown', 'There is no agent of this id.');
  return (await describe(ports, [id]))[0]!;
}

/** From its return on the agent gets nothing, and its leases are being revoked. It may be one that was never seen. */
export async function disableAgent(
  ports: Ports,
  principal: Principal,
  id: string,
  reason: string,
): Promise<Agent> {
  requireRole(principal, 'admin');
  const scope = { of: 'agent', name: id } as const;
  await beginRevocation(ports, principal.id, {
    scope,
    reason,
    block: true,
    disabled: true,
    cause: 'context_changed',
  });
  await ports.ledger.log.record({ type: 'agent.disabled', subject: id, by: principal.id, reason });
  return (await describe(ports, [id]))[0]!;
}

/** It may ask again. What it had stays revoked. */
export async function enableAgent(
  ports: Ports,
  principal: Principal,
  id: string,
  reason: string,
): Promise<Agent> {
  requireRole(principal, 'admin');
  await findAgent(ports, principal, id);
  const block = (await disabledAgents(ports)).get(id);
  if (block) await lift(ports, block, principal.id, reason);
  return (await describe(ports, [id]))[0]!;
}

/** Policy sees it from now on, and is asked again about what the agent holds. */
export async function signalAgent(
  ports: Ports,
  principal: Principal,
  id: string,
  signal: NewSignal,
): Promise<Agent> {
  requireRole(principal, 'admin');
  await beginSignal(ports, id, { ...signal, by: principal.id, at: Math.round(ports.ledger.clock()) });
  return (await describe(ports, [id]))[0]!;
}

/**
 * `once` names what was told, where it may be told twice. What a stream says stands beside what others say, until it says
 * otherwise; what an operator says takes the place of all. False when it was told before, or the same stream has said
 * something since.
 */
export async function beginSignal(
  ports: Pick<Ports, 'ledger'>,
  agent: string,
  signal: RiskSignal,
  { once, stream }: { readonly once?: Along['once']; readonly stream?: string } = {},
): Promise<boolean> {
  const { by, level, reason, endsAt } = signal;
  const why = `risk ${level}: ${reason}`;
  const scope = { of: 'agent', name: agent } as const;
  const withdrawal = {
    id: newWithdrawalId(),
    what: 'evaluate',
    scope,
    cause: 'context_changed',
    by,
    reason: why,
  } as const;
  const begun = await ports.ledger.withdrawals.begin(
    withdrawal,
    present({ risk: present({ agent, stream, signal: level === 'none' ? undefined : signal }), once }),
    present({ type: 'agent.signalled' as const, subject: agent, by, level, reason, endsAt }),
  );
  return begun !== undefined;
}

async function disabledAgents({ ledger }: Ports): Promise<ReadonlyMap<string, Block>> {
  const blocks = await ledger.withdrawals.blocks();
  return new Map(blocks.filter(({ disabled }) => disabled).map((block) => [block.scope.name, block]));
}

async function describe(ports: Ports, ids: readonly string[]): Promise<Agent[]> {
  const [seen, blocks, risks] = await Promise.all([
    ports.ledger.agents.find(ids),
    ports.ledger.withdrawals.blocks(),
    ports.ledger.agents.risks(),
  ]);
  return ids.map((id, index) => describeOne(ports, id, seen[index], blocks, risks.get(id)));
}

function describeOne(
  { inventory, ledger }: Ports,
  id: string,
  seen: SeenAgent | undefined,
  blocks: readonly Block[],
  signals: readonly RiskSignal[] | undefined,
): Agent {
  const { owner, purpose } = inventory.agents.get(id) ?? {};
  const now = ledger.clock();
  const against = blocks.filter(({ scope }) => standsAgainst(scope, { id, owner, issuer: seen?.issuer }));
  const disabled = against.find((block) => block.disabled);
  const blockedBy = against.filter((block) => !block.disabled);
  return present({
    id,
    owner,
    purpose,
    issuer: seen?.issuer,
    status: statusOf(disabled, blockedBy, isOwnerless(inventory, id)),
    disabled,
    blockedBy: blockedBy.length > 0 ? blockedBy : undefined,
    lastSeenAt: seen?.lastSeenAt,
    liveLeases: seen?.liveLeases ?? 0,
    risk: riskLevels[riskOf(signals, now)]!,
    signal: strongestOf(signals, now),
  });
}

/** Whether the agent gets nothing for it, whatever it asks for and in whichever task. */
function standsAgainst(
  { of, name }: Scope,
  { id, owner, issuer }: Record<'id', string> & Record<'owner' | 'issuer', string | undefined>,
): boolean {
  if (of === 'all') return true;
  if (of === 'agent') return name === id;
  if (of === 'owner') return name === owner;
  return of === 'issuer' && name === issuer;
}

/** `enabled` is for an agent that nothing stands against. */
function statusOf(
  disabled: Block | undefined,
  blockedBy: readonly Block[],
  ownerless: boolean,
): Agent['status'] {
  if (disabled) return 'disabled';
  if (blockedBy.length > 0) return 'blocked';
  return ownerless ? 'ownerless' : 'enabled';
}
