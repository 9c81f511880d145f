import { setImmediate as breathe } from 'node:timers/promises';
import { highestRisk, riskOf } from '../identity/risk.js';
import type { Lease } from '../lease/lease.js';
import { scopeText } from '../revocation/withdrawal.js';
import { whyNoLonger } from './no-longer.js';
import type { Ports } from './ports.js';
import { reachOf } from './reach.js';

export type JudgePorts = Pick<Ports, 'ledger' | 'inventory' | 'policy' | 'limits' | 'meter'>;

/** Decisions without a pause; the next request waits for so many at the most. */
const decisionsAtOnce = 16;

/** A lease that is to go, and why. */
export interface Taking {
  readonly id: string;
  readonly reason: string;
}

export const isLive = ({ state }: Lease): boolean => state === 'reserved' || state === 'active';

/**
 * Asks about live leases what would be asked about a request for them now; answers with those that would not be issued.
 * The risk of agents is that of when it was made; what a task's agent proved, and its chain, are read for each call.
 */
export async function judgeLive(
  ports: JudgePorts,
  reach: (leases: readonly Lease[]) => Promise<readonly Lease[]> = (leases) => Promise.resolve(leases),
): Promise<(leases: readonly Lease[]) => Promise<readonly Taking[]>> {
  const risks = await ports.ledger.agents.risks();
  const riskAt = (agent: string) => riskOf(risks.get(agent), ports.ledger.clock());
  const blocked = await blocksBehind(ports);
  return async (leases) => {
    const live = (await reach(leases)).filter(isLive);
    const stopped = await blocked(live);
    const others = live.filter(({ id }) => !stopped.has(id));
    const found = await judge(ports, others, riskAt);
    return [...[...stopped].map(([id, reason]) => ({ id, reason })), ...found];
  };
}

/**
 * What an operator has blocked took its leases with it; a lease comes under a block afterwards where its agent becomes
 * that of a blocked owner, or was never that of whom the broker took it for. Answers with the reason by lease.
 */
async function blocksBehind(ports: JudgePorts) {
  const blocks = (await ports.ledger.withdrawals.blocks()).map((block) => ({
    reach: reachOf(ports, block.scope),
    reason: block.disabled ? 'agent.disabled' : `issuing.blocked: ${scopeText(block.scope)}`,
  }));
  return async (leases: readonly Lease[]): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>();
    for (const { reach, reason } of blocks)
      for (const { id } of await reach(leases)) if (!found.has(id)) found.set(id, reason);
    return found;
  };
}

async function judge(
  ports: JudgePorts,
  leases: readonly Lease[],
  riskAt: (agent: string) => number,
): Promise<readonly Taking[]> {
  const ofTasks = [...new Map(leases.map(({ taskId, agent }) => [taskId, agent]))];
  const tasks = await Promise.all(ofTasks.map(([id]) => ports.ledger.tasks.recall(id)));
  const lately = await ports.ledger.agents.lately(ofTasks.map(([id, agent]) => ({ id, agent })));
  const approvals = await Promise.all(
    leases.map(async ({ approval }) =>
      approval === undefined ? undefined : ports.ledger.approvals.find(approval),
    ),
  );
  const place = new Map(ofTasks.map(([id], index) => [id, index]));
  const found: Taking[] = [];
  for (const [count, lease] of leases.entries()) {
    const index = place.get(lease.taskId)!;
    const task = tasks[index];
    if (count % decisionsAtOnce === 0) await breathe();
    // What is over with its task is revoked as such.
    if (!task) continue;
    const { proven, chain } = lately[index]!;
    const known = {
      // A process remembers a task with the chain that it saw last.
      task: chain ? { ...task, chain } : task,
      proven,
      risk: highestRisk(riskAt, lease.agent, lease.actors),
      approval: approvals[count],
    };
    const why = whyNoLonger(ports, lease, known);
    if (why !== undefined) found.push({ id: lease.id, reason: why });
  }
  return found;
}
