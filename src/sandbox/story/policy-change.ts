import type { Json } from './api-client.js';
import { askForCharts } from './delegation.js';
import type { Delegated } from './delegation.js';
import { leased, outcome, until, untilOver } from './world.js';
import type { Telling, World } from './world.js';

const file = 'incident.cedar';

const incident = (agent: string) => `@id("incident-17")
forbid (
  principal == Protem::Agent::"${agent}",
  action == Protem::Action::"issue",
  resource == Protem::CatalogEntry::"reports-db"
);
`;

/** A lease that lives: policy changes, it is taken back; policy is put back, the agent may ask anew. */
export async function tellOfPolicyChange(
  world: World,
  tell: Telling,
  number: number,
  before: Delegated,
): Promise<Delegated> {
  const { expect } = tell;
  tell.step(number, `Policy changes: ${file} forbids reports-db to ${world.charts}, which has it`);
  const changedAt = performance.now();
  await world.policy.put(file, incident(world.charts));
  const over = await untilOver(world, world.chartsToken, before.lease?.id);
  const afterMs = Math.round(performance.now() - changedAt);
  tell.line(
    'its lease',
    `${over?.state} after ${afterMs} ms, cause ${over?.revocation?.cause}`,
    expect(
      over?.state === 'revoked' && over?.revocation?.cause === 'context_changed',
      'the live lease is taken back when policy changes',
    ),
  );
  tell.line('because of', await reasonOf(world, before.lease?.id));
  const cut = await world.useDatabase(before.secret);
  tell.line('used again', cut.said, expect(!cut.allowed, 'what was taken back is refused'));
  const refused = await askForCharts(world, before.childId, 'reports-db');
  tell.line(
    'it asks anew',
    `${outcome(refused)} ${(refused.body?.policies ?? []).join(', ')}`,
    expect(
      refused.body?.code === 'policy.denied' && (refused.body?.policies ?? []).includes('incident-17'),
      'the changed policy refuses',
    ),
  );

  await world.policy.remove(file);
  await until(() => wouldPermit(world, before.childId), Boolean);
  const granted = await askForCharts(world, before.childId, 'reports-db');
  const { lease, secret } = granted.body ?? {};
  tell.line(
    'policy is put back: it asks',
    leased(granted),
    expect(granted.status === 201, 'the policy that was put back permits'),
  );
  return { ...before, lease, secret };
}

/** The audit log says why. */
async function reasonOf({ api, operatorToken }: World, leaseId: string): Promise<string> {
  const revoking = ({ event }: Json) => event.type === 'lease.revoking';
  const log = await until(
    () => api.call('GET', `/v1/audit?lease=${leaseId}`, operatorToken),
    ({ body }) => (body?.items ?? []).some(revoking),
  );
  return String(log.body?.items?.find(revoking)?.event.reason);
}

/** Asks only what policy would say: nothing is issued, and nothing recorded. */
async function wouldPermit({ api, charts, chartsToken }: World, task: string): Promise<boolean> {
  const { body } = await api.call('POST', '/access/v1/evaluation', chartsToken, {
    subject: { type: 'agent', id: charts },
    action: { name: 'issue' },
    resource: { type: 'credential', id: 'reports-db' },
    context: { task, tool: 'sql.query' },
  });
  return body?.decision === true;
}

/** The end of a task is the end of what was delegated from it. */
export async function tellOfTheEnd(
  world: World,
  tell: Telling,
  number: number,
  at: Delegated,
): Promise<void> {
  const { expect } = tell;
  const used = await world.useDatabase(at.secret);
  const ended = await world.api.call('POST', `/v1/tasks/${at.parentId}/end`, world.agentToken, {});
  const over = await untilOver(world, world.chartsToken, at.lease?.id);
  tell.step(
    number,
    'The first agent ends its task',
    `${ended.body?.state}, and what it delegated ends with it`,
    expect(ended.status === 200 && used.allowed, 'the task ends while the sub-task has a credential'),
  );
  tell.line(
    'the lease of the sub-task',
    `${over?.state}, cause ${over?.revocation?.cause}`,
    expect(over?.state === 'revoked', 'the lease of the sub-task ends with the task above'),
  );
  const late = await world.useDatabase(at.secret);
  tell.line('used again', late.said, expect(!late.allowed, 'the credential of the sub-task is refused'));
  const asked = await askForCharts(world, at.childId, 'reports-db');
  tell.line(
    'the sub-task asks once more',
    outcome(asked),
    expect(asked.body?.code === 'task.ended', 'a sub-task that has ended gets nothing'),
  );
}
