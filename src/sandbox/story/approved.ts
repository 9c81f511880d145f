import type { Json } from './api-client.js';
import { leased, outcome, untilOver } from './world.js';
import type { Telling, World } from './world.js';

/** A request that two persons have to look at, from the question to the end of what it gave. */
export async function tellOfApproval(world: World, tell: Telling, number: number): Promise<void> {
  const { api, agentToken, orchestratorToken } = world;
  const { expect } = tell;
  const task = await api.call('POST', '/v1/tasks', orchestratorToken, {
    intent: 'Refund order 4711',
    deadline: '1h',
    agent: world.agent,
    labels: { team: 'payments' },
    onBehalfOf: 'carol@example.com',
    tools: ['payments.change'],
  });
  const request = {
    credential: 'payments-admin',
    ttl: '5m',
    tool: 'payments.change',
    reason: 'refund of order 4711',
  };
  const ask = (more: object = {}) =>
    api.call('POST', `/v1/tasks/${task.body?.id}/credentials`, agentToken, { ...request, ...more });

  const asked = await ask();
  const approval = asked.body?.approval;
  tell.step(
    number,
    'In a task that the orchestrator opened for it, the agent asks for payments-admin, for 5 minutes',
  );
  tell.line(
    'answered',
    `a person has to look (${asked.status}): ${approval?.id} ${approval?.status}`,
    expect(asked.status === 202 && approval?.status === 'pending', 'payments-admin needs persons'),
  );
  await answered(world, tell, approval?.id);

  const settled = await api.call('GET', `/v1/approvals/${approval?.id}?wait=10s`, agentToken);
  tell.line(
    'the agent, who waited, reads',
    `${settled.body?.status}, for ${settled.body?.granted?.ttl ?? 'nothing'}`,
    expect(
      settled.body?.status === 'approved' && settled.body?.granted?.ttl === '2m',
      'the least of both answers is approved',
    ),
  );
  const granted = await ask({ approval: approval?.id });
  const { lease, secret } = granted.body ?? {};
  const lastsMs = Date.parse(lease?.expiresAt) - Date.parse(lease?.reservedAt);
  tell.line(
    'and asks again by it',
    leased(granted),
    expect(granted.status === 201 && lastsMs <= 120_000, 'what was approved is granted, and no longer'),
  );
  const used = await world.useDatabase(secret);
  tell.line('used', used.said, expect(used.allowed, 'the approved credential works'));
  const twice = await ask({ approval: approval?.id });
  tell.line('and once more by it', outcome(twice), expect(twice.body?.code === 'approval.used', 'once only'));
  await ended(world, tell, task.body?.id, lease, secret);
}

/** One of both approves all of it, the other a shorter time; neither is enough alone. */
async function answered({ api, operatorToken, approverToken }: World, tell: Telling, id: string) {
  const decide = (token: string, less: object = {}) =>
    api.call('POST', `/v1/approvals/${id}/decision`, token, { decision: 'approve', ...less });
  const first = await decide(operatorToken);
  tell.line(
    'olga approves it',
    `${first.body?.status}: ${first.body?.persons} different persons have to`,
    tell.expect(first.body?.status === 'pending', 'one person is not enough'),
  );
  const again = await decide(operatorToken);
  tell.line(
    'olga approves it twice',
    `refused (${again.status} ${again.body?.code})`,
    tell.expect(again.body?.code === 'approval.own', 'nobody is two persons'),
  );
  const second = await decide(approverToken, { ttl: '2m' });
  tell.line(
    'peter approves 2 minutes',
    String(second.body?.status),
    tell.expect(second.body?.status === 'approved', 'two persons are enough'),
  );
}

async function ended(world: World, tell: Telling, taskId: string, lease: Json, secret: Json): Promise<void> {
  const end = await world.api.call('POST', `/v1/tasks/${taskId}/end`, world.orchestratorToken, {});
  const over = await untilOver(world, world.agentToken, lease?.id);
  tell.line(
    'the orchestrator ends it',
    `payments-admin is ${over?.state ?? 'not there'}`,
    tell.expect(end.status === 200 && over?.state === 'revoked', 'the approved lease ends with its task'),
  );
  const late = await world.useDatabase(secret);
  tell.line('used again', late.said, tell.expect(!late.allowed, 'the approved credential is refused'));
}
