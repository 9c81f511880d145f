import { newWithdrawalId } from '../kernel/id.js';
import type { Lease } from '../lease/lease.js';
import { judgeLive } from './judge-live.js';
import type { JudgePorts, Taking } from './judge-live.js';
import type { Ports } from './ports.js';

type AfterStepsPorts = JudgePorts & Pick<Ports, 'log'>;

const tasksAtOnce = 250;
const leasesAtOnce = 250;

/**
 * POL-06: a step was permitted, and the tasks of its tree have another chain of tools. Their live leases are judged on
 * it, and those that would not be issued on it are revoked. Trees stand in the ledger until this is done, whatever
 * becomes of the process. `goOn` is asked in between.
 */
export async function judgeAfterSteps(ports: AfterStepsPorts, goOn: () => Promise<boolean>): Promise<void> {
  const { steps, tasks } = ports.ledger;
  const stepped = await steps.stepped(tasksAtOnce);
  if (stepped.length === 0) return;
  const judge = await judgeLive(ports);
  for (const task of stepped) {
    if (!(await goOn())) return;
    const found: Taking[] = [];
    for (const id of await tasks.holding(task.id)) found.push(...(await noLongerPassing(ports, id, judge)));
    if (found.length > 0) await takeBack(ports, task.id, found);
    await steps.looked(task);
  }
}

async function noLongerPassing(
  { ledger }: AfterStepsPorts,
  task: string,
  judge: (leases: readonly Lease[]) => Promise<readonly Taking[]>,
): Promise<readonly Taking[]> {
  const found: Taking[] = [];
  for (let pageToken: string | undefined, more = true; more;) {
    const page = await ledger.leases.list({ task, pageSize: leasesAtOnce, ...(pageToken && { pageToken }) });
    found.push(...(await judge(page.items)));
    pageToken = page.nextPageToken;
    more = pageToken !== undefined;
  }
  return found;
}

/** When this process dies on the way, another one carries the withdrawal out. */
async function takeBack(
  { ledger, log }: AfterStepsPorts,
  task: string,
  found: readonly Taking[],
): Promise<void> {
  const scope = { of: 'task', name: task } as const;
  const reason = 'a step has changed the chain of tools';
  const facts = { what: 'evaluate', scope, by: 'broker', reason } as const;
  const id = newWithdrawalId();
  const withdrawal = { id, cause: 'context_changed', ...facts } as const;
  const begun = { type: 'withdrawal.begun', withdrawal: id, ...facts, block: false } as const;
  await ledger.withdrawals.begin(withdrawal, {}, begun);
  const total = await ledger.withdrawals.take(withdrawal, found);
  await ledger.withdrawals.end(id, { type: 'withdrawal.ended', withdrawal: id, total });
  log.info({ revocation: id, task, total }, 'a step has changed what its task may hold');
}
