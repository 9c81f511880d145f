import type { AuditRecord } from '../../src/audit/event.js';
import { cancelApproval, decideApproval, revokeApproval } from '../../src/broker/approvals.js';
import { breakGlass } from '../../src/broker/break-glass.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { carryOut } from '../../src/broker/carry-out.js';
import { delegate } from '../fake/delegated.js';
import { reviewBreakGlass } from '../../src/broker/review-break-glass.js';
import { takeStep } from '../../src/broker/steps.js';
import type { Principal } from '../../src/identity/principal.js';
import { ann, askingBroker, bob } from '../fake/asking.js';
import { admin, agent, otherAgent, permitting } from '../fake/broker-ports.js';

const olga: Principal = { ...admin, roles: ['viewer', 'admin', 'breakglass'] };
const emergency = {
  credential: 'pretend-entry',
  parameters: {},
  ttlSeconds: 60,
  reason: 'payments are stuck',
  ticket: 'INC-4711',
};

/**
 * A history of a real ledger in which persons are asked, an emergency is taken and reviewed, a part of a task is
 * delegated, a tool is used, and operators stop what goes on.
 */
export async function tellAuthority(): Promise<readonly AuditRecord[]> {
  const asked = await askingBroker({ settings: { pendingFor: 0.05 } });
  const { ports, ledger, task, ask, setPolicy } = asked;
  const quietly = (act: Promise<unknown>) => act.catch(() => {});

  const lapsing = await ask({ reason: 'nobody answers' });
  while (ledger.clock() <= lapsing.expiresAt) await new Promise((resolve) => setImmediate(resolve));
  await ledger.approvals.expire(10);
  const patient = await askingBroker();
  const approved = await patient.ask();
  await decideApproval(patient.ports, ann, approved.id, { is: 'approve', ttlSeconds: 60 });
  await patient.use(approved.id);
  await decideApproval(patient.ports, bob, (await patient.ask({ reason: 'b' })).id, {
    is: 'deny',
    reason: 'not now',
  });
  await cancelApproval(patient.ports, agent, (await patient.ask({ reason: 'c' })).id);
  const taken = await patient.ask({ reason: 'd' });
  await decideApproval(patient.ports, ann, taken.id, { is: 'approve' });
  await revokeApproval(patient.ports, ann, taken.id, 'a mistake');

  setPolicy(() => permitting());
  const opened = await breakGlass(ports, olga, emergency);
  if (!('lease' in opened)) throw new Error('a person was asked');
  await reviewBreakGlass(ports, bob, opened.breakGlass.id, {
    outcome: 'justified',
    note: 'the pager agrees',
  });
  await quietly(breakGlass(ports, ann, emergency));
  const part = {
    parent: task,
    agent: otherAgent.id,
    intent: 'draw charts',
    deadlineAt: Date.now() + 60_000,
    scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
  };
  await delegate(ports, agent, part);
  await quietly(delegate(ports, agent, { ...part, approval: 'apr_0000000000000000' }));
  await takeStep(ports, agent, { task, tool: 'sql', reason: 'count them' });
  const named = { task, tool: 'sql', reason: 'count them', approval: 'apr_0000000000000000' };
  await takeStep(ports, agent, named).catch(() => {});

  const broker = createBroker(ports);
  await broker.signalAgent(admin, agent.id, { level: 'low', reason: 'seen at night' });
  await broker.disableAgent(admin, otherAgent.id, 'it left');
  await broker.enableAgent(admin, otherAgent.id, 'it is back');
  const { block } = await broker.revokeMany(admin, {
    scope: { of: 'entry', name: 'pretend-entry' },
    reason: 'a drill',
    block: true,
  });
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, () => Promise.resolve(true));
  await broker.liftBlock(admin, block!.id, 'it is over');
  const [first, second] = await Promise.all(
    [ledger, patient.ledger].map(async ({ log }) => (await log.read({ pageSize: 500 })).items),
  );
  return [...first!, ...second!];
}
