import { beforeEach, describe, expect, test } from '@jest/globals';
import { flood } from '../../src/broker/flood.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Principal } from '../../src/identity/principal.js';
import { ann, askingBroker } from '../fake/asking.js';
import type { Asking } from '../fake/asking.js';
import { admin, agent, orchestrator, otherAgent, viewer } from '../fake/broker-ports.js';

let world: Asking;
let broker: Broker;
beforeEach(async () => {
  world = await askingBroker();
  broker = createBroker(world.ports);
});
const refusals = async () =>
  (await world.events()).flatMap((event) => (event.type === 'call.refused' ? [event] : []));
const all = { of: 'all', name: '' } as const;

describe('AUD-01: who tries what is not theirs to do is in the log', () => {
  test.each<[string, Principal, (by: Principal) => Promise<unknown>, string]>([
    ['revokeMany', agent, (by) => broker.revokeMany(by, { scope: all, reason: 'x', block: true }), 'all:'],
    ['revokeMany', viewer, (by) => broker.blastRadius(by, all), 'all:'],
    ['liftBlock', orchestrator, (by) => broker.liftBlock(by, 'blk_1', 'x'), 'blk_1'],
    ['disableAgent', otherAgent, (by) => broker.disableAgent(by, agent.id, 'x'), agent.id],
    ['enableAgent', agent, (by) => broker.enableAgent(by, agent.id, 'x'), agent.id],
    ['readAudit', agent, (by) => broker.readAudit(by, { pageSize: 5, subject: admin.id }), admin.id],
    ['openTask', agent, (by) => broker.openTask(by, { ...opening(), agent: otherAgent.id }), otherAgent.id],
  ])('%s by %j', async (operation, by, act, on) => {
    await expect(act(by)).rejects.toMatchObject({ code: 'role.missing' });
    expect(await refusals()).toEqual([
      { type: 'call.refused', by: by.id, kind: by.kind, operation, on, fault: 'role.missing', count: 1 },
    ]);
    const { items } = await world.ledger.log.read({ pageSize: 10, subject: by.id });
    expect(items.map(({ event }) => event.type)).toContain('call.refused');
  });

  test('an answer by a viewer, and a second one by the same person', async () => {
    world.setPolicy((question) =>
      question.approved
        ? { is: 'deny', because: ['never'], errors: [] }
        : { is: 'ask', approvers: ['approver'], persons: 2, because: ['risky'] },
    );
    const { id } = await world.ask();
    await expect(broker.approvals.decide(viewer, id, { is: 'approve' })).rejects.toThrow();
    await broker.approvals.decide(ann, id, { is: 'approve' });
    await expect(broker.approvals.decide(ann, id, { is: 'approve' })).rejects.toThrow();
    expect(await refusals()).toMatchObject([
      { by: viewer.id, operation: 'decideApproval', on: id, fault: 'role.missing' },
      { by: ann.id, operation: 'decideApproval', on: id, fault: 'approval.own' },
    ]);
  });

  test('of a name that the caller makes up there is as much as a name may be', async () => {
    await expect(broker.disableAgent(agent, 'x'.repeat(2000), 'x')).rejects.toThrow();
    expect((await refusals())[0]!.on).toBe('x'.repeat(128));
  });

  test('whoever tries in a loop, on ever other names, has five of them told in a second, and the rest counted', async () => {
    const aSecond = flood((event) => world.ledger.log.record(event), 3_600_000);
    const bounded = createBroker({ ...world.ports, flood: aSecond });
    for (let n = 0; n < 200; n++)
      await expect(bounded.liftBlock(agent, `blk_${n}`, 'x')).rejects.toMatchObject({ code: 'role.missing' });
    await aSecond.close();
    const told = await refusals();
    expect(told.map(({ on, count }) => [on, count])).toEqual([
      ...[0, 1, 2, 3, 4].map((n) => [`blk_${n}`, 1]),
      ...[
        ['', 1],
        ['', 194],
      ],
    ]);
  });
});

const opening = () => ({ intent: 't', deadlineAt: world.ledger.clock() + 3_600_000, labels: {} });
