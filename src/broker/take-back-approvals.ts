import { isOfCredential, isOfDelegation } from '../approval/approval.js';
import type { Approval } from '../approval/approval.js';
import type { Withdrawal } from '../revocation/withdrawal.js';
import type { Ports } from './ports.js';
import { reachOf } from './reach.js';
import type { Reachable } from './reach.js';

type TakeBackPorts = Pick<Ports, 'ledger' | 'inventory' | 'meter'>;

const atOnce = 100;

/**
 * What waits for a person, and what was approved and not used yet, goes with the leases of a withdrawal: nobody is to answer
 * for an agent that was stopped, and lifting the block brings no approval back. Can be done again after a crash; `goOn` is
 * asked in between.
 */
export async function takeBackApprovals(
  ports: TakeBackPorts,
  { scope, by, reason }: Withdrawal,
  goOn: () => Promise<boolean>,
): Promise<void> {
  const { approvals } = ports.ledger;
  const reach = reachOf(ports, scope);
  const ids = await approvals.usable();
  for (let from = 0; from < ids.length && (await goOn()); from += atOnce) {
    const found = await Promise.all(ids.slice(from, from + atOnce).map((id) => approvals.find(id)));
    const open = found.filter((approval) => approval !== undefined && isUsable(approval)) as Approval[];
    for (const { id, agent, taskId = '' } of await reach(await standing(ports, open))) {
      const event = { type: 'approval.revoked', approval: id, task: taskId, agent, by, reason } as const;
      if (await approvals.close(id, 'revoked', event)) ports.meter.approvalEnded('revoked');
    }
  }
}

const isUsable = ({ state }: Approval): boolean => state === 'pending' || state === 'approved';

/** Whom and what each is about: of a delegation, the agent delegated to as well. */
async function standing(
  { ledger }: TakeBackPorts,
  approvals: readonly Approval[],
): Promise<readonly (Reachable & { readonly id: string })[]> {
  return Promise.all(
    approvals.map(async (approval) => {
      const { id, agent, task: taskId } = approval;
      const { actors: above = [] } =
        (taskId === undefined ? undefined : await ledger.tasks.find(taskId)) ?? {};
      const below = isOfDelegation(approval) ? [approval.request.delegate] : [];
      return {
        ...{ id, agent, taskId, actors: [...above.map((actor) => actor.id), ...below] },
        issuers: [approval.known.issuer, ...above.map(({ issuer }) => issuer)],
        ...(isOfCredential(approval) && { entry: approval.request.entry, provider: approval.known.provider }),
      };
    }),
  );
}
