import { isOfCredential, isOfDelegation } from '../approval/approval.js';
import type { Approval } from '../approval/approval.js';
import { Fault } from '../kernel/fault.js';
import type { Scope, Withdrawal } from '../revocation/withdrawal.js';
import type { Ports } from './ports.js';
import { reachOf } from './reach.js';
import type { Reachable } from './reach.js';

type TakeBackPorts = Pick<Ports, 'ledger' | 'inventory' | 'meter' | 'log'>;

type Standing = Reachable & { readonly id: string };

const atOnce = 100;

/**
 * What waits for a person, and what was approved and not used yet, goes with the leases of a withdrawal: nobody is to answer
 * for an agent that was stopped, and lifting the block brings no approval back. Can be done again after a crash; `goOn` is
 * asked in between.
 */
export async function takeBackApprovals(
  ports: TakeBackPorts,
  { id: withdrawal, scope, by, reason }: Withdrawal,
  goOn: () => Promise<boolean>,
): Promise<{ readonly taken: number; readonly isAll: boolean }> {
  let taken = 0;
  for await (const { id, agent, taskId = '' } of approvalsIn(ports, scope)) {
    const about = { approval: id, task: taskId, agent, by, reason, withdrawal };
    if (await ports.ledger.approvals.close(id, 'revoked', { type: 'approval.revoked', ...about }, 'unused')) {
      ports.meter.approvalEnded('revoked');
      taken++;
    }
    if (!(await goOn())) return { taken, isAll: false };
  }
  return { taken, isAll: true };
}

/** What of it waits for a person, or was approved and not used yet. */
export async function* approvalsIn(
  ports: Pick<Ports, 'ledger' | 'inventory' | 'log'>,
  scope: Scope,
): AsyncGenerator<Standing> {
  const reach = reachOf(ports, scope);
  const ids = await ports.ledger.approvals.usable();
  for (let from = 0; from < ids.length; from += atOnce) {
    const found = await Promise.all(ids.slice(from, from + atOnce).map((id) => readable(ports, id)));
    const usable = found.filter((approval) => approval !== undefined && isUsable(approval)) as Approval[];
    yield* await reach(await Promise.all(usable.map((approval) => standing(ports, approval))));
  }
}

/** A record that cannot be read is of no use to anyone, and keeps nobody from stopping the others. */
async function readable({ ledger, log }: Pick<Ports, 'ledger' | 'log'>, id: string) {
  try {
    return await ledger.approvals.find(id);
  } catch (error) {
    if (error instanceof Fault) throw error;
    log.error({ approval: id, err: error }, 'an approval cannot be read');
    return undefined;
  }
}

const isUsable = ({ state }: Approval): boolean => state === 'pending' || state === 'approved';

/** Whom and what it is about: of a delegation, the agent delegated to as well. */
async function standing({ ledger }: Pick<Ports, 'ledger'>, approval: Approval): Promise<Standing> {
  const { id, agent, task: taskId, known } = approval;
  const { actors: above = [] } = (taskId === undefined ? undefined : await ledger.tasks.find(taskId)) ?? {};
  const below = isOfDelegation(approval) ? [approval.request.delegate] : [];
  return {
    ...{ id, agent, taskId, actors: [...above.map((actor) => actor.id), ...below] },
    issuers: [known.issuer, ...above.map(({ issuer }) => issuer)],
    ...(isOfCredential(approval) && { entry: approval.request.entry, provider: approval.known.provider }),
  };
}
