import { describe, expect, test } from '@jest/globals';
import { judgeAfterSteps } from '../../src/broker/after-steps.js';
import { decideApproval, findApproval } from '../../src/broker/approvals.js';
import { takeStep } from '../../src/broker/steps.js';
import { riskLevels } from '../../src/kernel/risk-levels.js';
import type { Ask, Decision } from '../../src/policy/decision.js';
import { agent, permitting } from '../fake/broker-ports.js';
import { ann, asking, askingBroker } from '../fake/asking.js';

const yes = { is: 'approve' } as const;
const risky = asking();
const afterSending = asking({ because: ['after-sending', 'risky'] });
/** One policy asks about everything, and another about whatever is wanted by who has sent mail, or is a risk. */
const policy = (ask: Ask): Decision => {
  if (!('entry' in ask)) return permitting();
  const isNew = (ask.task.chain?.tools ?? []).includes('mail.send') || ask.risk === riskLevels.length - 1;
  return isNew ? afterSending(ask) : risky(ask);
};

async function setUp() {
  let risk = 0;
  const asked = await askingBroker({ ports: { risk: () => risk } });
  asked.setPolicy(policy, 'one');
  return {
    ...asked,
    sendMail: () => takeStep(asked.ports, agent, { task: asked.task, tool: 'mail.send' }),
    becomesARisk: () => void (risk = riskLevels.length - 1),
  };
}

describe('POL-06, APR-02: what a person approved before the context changed', () => {
  test.each(['sendMail', 'becomesARisk'] as const)(
    'is not good for what another policy asks about since (%s); whoever asks again has another question',
    async (changes) => {
      const asked = await setUp();
      const { id } = await asked.ask();
      await decideApproval(asked.ports, ann, id, yes);
      await asked[changes]();
      await expect(asked.use(id)).rejects.toMatchObject({ code: 'policy.denied' });
      expect(asked.provider.calls).toEqual([]);
      const again = await asked.ask();
      expect(again).toMatchObject({ state: 'pending', demand: { because: ['after-sending', 'risky'] } });
      expect(await findApproval(asked.ports, agent, id)).toMatchObject({ state: 'cancelled' });
      await decideApproval(asked.ports, ann, again.id, yes);
      expect((await asked.use(again.id)).lease.state).toBe('active');
    },
  );

  test('a question that is still open is put anew, with all that asks', async () => {
    const asked = await setUp();
    const { id } = await asked.ask();
    expect((await asked.ask()).id).toBe(id);
    await asked.sendMail();
    const again = await asked.ask();
    expect(again.demand.because).toEqual(['after-sending', 'risky']);
    expect(await findApproval(asked.ports, agent, id)).toMatchObject({ state: 'cancelled' });
    expect((await asked.ask()).id).toBe(again.id);
  });

  test('keeps no lease, where another policy would ask about it since', async () => {
    const asked = await setUp();
    const { id } = await asked.ask();
    await decideApproval(asked.ports, ann, id, yes);
    const { lease } = await asked.use(id);
    await asked.sendMail();
    await judgeAfterSteps(asked.ports, () => Promise.resolve(true));
    expect(await asked.ledger.leases.find(lease.id)).toMatchObject({ cause: 'context_changed' });
    expect(await asked.events()).toContainEqual(
      expect.objectContaining({
        type: 'lease.revoking',
        lease: lease.id,
        reason: 'approval.required: after-sending, risky',
      }),
    );
  });

  test('is good for what is used beside it, where the same policies ask', async () => {
    const asked = await setUp();
    const { id } = await asked.ask();
    await decideApproval(asked.ports, ann, id, yes);
    await takeStep(asked.ports, agent, { task: asked.task, tool: 's3.get' });
    expect((await asked.use(id)).lease.state).toBe('active');
  });
});
