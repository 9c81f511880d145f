import { beforeEach, describe, expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { grant } from '../../src/broker/grant.js';
import type { Principal } from '../../src/identity/principal.js';
import { takeStep } from '../../src/broker/steps.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { agent, otherAgent, permitting } from '../fake/broker-ports.js';
import { denied, opening, stepping } from './stepping.js';
import type { Stepping } from './stepping.js';

let world: Stepping;
let ledger: Ledger;
let other: Ledger;
let ports: Ports;
beforeEach(async () => {
  world = await stepping();
  ({ ledger, other, ports } = world);
});

describe('the chain of the tasks of a tree', () => {
  test('POL-06: a chain is not begun anew by delegating: what was used above is part of what is decided below', async () => {
    const root = await openTask(ports, agent, opening);
    await takeStep(ports, agent, { task: root.id, tool: 's3.get' });
    const below = await delegate(ports, agent, {
      ...{ parent: root.id, agent: otherAgent.id, intent: 'a part', deadlineAt: root.deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    });
    const seen: unknown[] = [];
    world.decide = ({ task: { chain } }) => {
      seen.push(chain?.kinds);
      return permitting();
    };
    await takeStep(ports, otherAgent, { task: below.id, tool: 'mail.send' });
    expect(seen.at(-1)).toEqual(['read']);
    await grant(ports, otherAgent, { task: below.id, credential: 'pretend-entry', parameters: {} });
    expect(seen.at(-1)).toEqual(['read', 'write']);
    expect((await ledger.tasks.find(below.id))!.chain).toMatchObject({
      count: 2,
      tools: ['mail.send', 's3.get'],
    });
  });

  test('POL-06: the tasks of a tree have one chain: what is used below is part of what is decided above and beside', async () => {
    const root = await openTask(ports, agent, opening);
    const below = (parent: string, principal: Principal, to: string) =>
      delegate(ports, principal, {
        ...{ parent, agent: to, intent: 'a part', deadlineAt: root.deadlineAt },
        scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
      });
    const reader = await below(root.id, agent, otherAgent.id);
    const beside = await below(root.id, agent, 'spiffe://acme.example/agent/third');
    const third = { ...agent, id: 'spiffe://acme.example/agent/third' };
    const lowest = await below(beside.id, third, otherAgent.id);
    // Each is remembered with the chain from before the reader read.
    await Promise.all([root, beside, lowest].map(({ id }) => ledger.tasks.recall(id)));
    await takeStep({ ...ports, ledger: other }, otherAgent, { task: reader.id, tool: 's3.get' });
    world.decide = ({ task: { chain } }) =>
      chain?.kinds.includes('read') ? denied(['has-read']) : permitting();
    for (const [principal, task] of [
      [agent, root],
      [third, beside],
      [otherAgent, lowest],
    ] as const) {
      expect(await takeStep(ports, principal, { task: task.id, tool: 'mail.send' })).toMatchObject({
        because: ['has-read'],
      });
      await expect(
        grant(ports, principal, { task: task.id, credential: 'pretend-entry', parameters: {} }),
      ).rejects.toMatchObject({ code: 'policy.denied' });
      expect((await other.tasks.find(task.id))!.chain).toMatchObject({ count: 1, tools: ['s3.get'] });
    }
  });
});
