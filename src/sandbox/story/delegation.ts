import type { Answer, Json } from './api-client.js';
import { leased, outcome } from './world.js';
import type { Telling, World } from './world.js';

/** A task whose agent has delegated a part of it, and the credential that was issued for that part. */
export interface Delegated {
  readonly parentId: string;
  readonly childId: string;
  readonly lease: Json;
  readonly secret: Json;
}

/** The agent of a task announces tool calls, then delegates a narrower task to another agent. */
export async function tellOfDelegation(world: World, tell: Telling, first: number): Promise<Delegated> {
  const { api, agentToken, chartsToken, charts } = world;
  const { expect } = tell;
  const parent = await api.call('POST', '/v1/tasks', agentToken, {
    intent: 'Charts for the board, from the third-quarter totals',
    deadline: '1h',
    onBehalfOf: 'carol@example.com',
    tools: ['sql.query'],
  });
  const parentId = String(parent.body?.id);
  const step = (tool: string) => api.call('POST', `/v1/tasks/${parentId}/steps`, agentToken, { tool });
  tell.step(first, 'In a second task the agent says which tool it is about to call');
  const [known, unknown] = [await step('sql.query'), await step('shell.exec')];
  tell.line('sql.query', decided(known), expect(known.body?.decision === 'permit', 'the step is permitted'));
  tell.line('shell.exec', decided(unknown), expect(unknown.body?.decision === 'deny', 'the step is denied'));

  const child = await api.call('POST', `/v1/tasks/${parentId}/subtasks`, agentToken, {
    intent: 'Draw the charts',
    deadline: '30m',
    agent: charts,
    allowed: [{ credential: 'reports-db' }],
    maximumTtl: '10m',
  });
  const childId = String(child.body?.id);
  tell.step(
    first + 1,
    'It delegates a part of it',
    `${childId}, for ${charts}: reports-db, for 10 minutes at most`,
    expect(child.status === 201 && child.body?.parent === parentId, 'the sub-task is opened'),
  );
  const granted = await askForCharts(world, childId, 'reports-db');
  const { lease, secret } = granted.body ?? {};
  const isShort = Date.parse(lease?.expiresAt) - Date.parse(lease?.reservedAt) <= 600_000;
  tell.line(
    'that agent asks, by itself',
    leased(granted),
    expect(granted.status === 201 && isShort, 'the sub-task gets its credential, for ten minutes at most'),
  );
  const used = await world.useDatabase(secret);
  tell.line('used', used.said, expect(used.allowed, 'the credential of the sub-task works'));
  const wider = await askForCharts(world, childId, 'reports-reader');
  tell.line(
    'and asks for reports-reader',
    outcome(wider),
    expect(wider.body?.code === 'delegation.wider', 'a sub-task gets nothing that was not delegated'),
  );
  const asParent = await api.call('POST', `/v1/tasks/${parentId}/credentials`, chartsToken, {
    credential: 'reports-db',
    tool: 'sql.query',
  });
  tell.line(
    'and for the task above',
    outcome(asParent),
    expect(asParent.status === 404, 'the task above is not the other agent’s'),
  );
  return { parentId, childId, lease, secret };
}

export const askForCharts = ({ api, chartsToken }: World, taskId: string, credential: string) =>
  api.call('POST', `/v1/tasks/${taskId}/credentials`, chartsToken, {
    credential,
    tool: 'sql.query',
    reason: 'the charts',
  });

const decided = ({ body }: Answer): string =>
  `${body?.decision}, because of ${(body?.policies ?? []).join(', ')}`;
