import type { Answer, Json } from './api-client.js';
import { signWebhook } from './sign-webhook.js';
import { outcome, telling, untilOver } from './world.js';
import type { Say, Telling, World } from './world.js';

/** What was granted: the lease, and the secret that the agent has. */
interface Granted {
  readonly lease: Json;
  readonly secret: Json;
}

/** Plays the main job once on the running broker. Every step is checked; returns what did not happen as it should. */
export async function tellStory(world: World, say: Say): Promise<string[]> {
  const wrong: string[] = [];
  const tell = telling(say, wrong);
  const taskId = await tellOfTask(world, tell);
  const database = await tellOfDatabase(world, tell, taskId);
  const reader = await tellOfReports(world, tell, taskId);
  await tellOfRefusal(world, tell, taskId);
  await tellOfEnd(world, tell, taskId, database);
  await tellOfAws(world, tell, reader);
  const late = await ask(world, taskId, { credential: 'reports-db', tool: 'sql.query' });
  const isRefused = late.body?.code === 'task.ended';
  tell.step(7, 'It asks once more', outcome(late), tell.expect(isRefused, 'an ended task gets nothing'));
  await tellOfAudit(world, tell, taskId);
  return wrong;
}

async function tellOfTask(world: World, tell: Telling): Promise<string> {
  const { expect } = tell;
  tell.say(`1  An agent proves who it is     ${world.agent}, with a JWT-SVID; there is no shared secret`);
  const task = await opened(world);
  expect(task.status === 201, 'opening a task');
  const taskId = String(task.body.id);
  tell.line('and opens a task', `${taskId}  "${task.body.intent}"`);
  return taskId;
}

async function tellOfDatabase(world: World, tell: Telling, taskId: string): Promise<Granted> {
  const { expect } = tell;
  const answer = await ask(world, taskId, {
    credential: 'reports-db',
    ttl: '15m',
    tool: 'sql.query',
    reason: 'quarterly totals',
  });
  const { lease, secret } = answer.body ?? {};
  tell.step(
    2,
    'It asks for reports-db',
    outcome(answer),
    expect(answer.status === 201, 'reports-db is granted'),
  );
  tell.line('decided because of', await becauseOf(world, lease));
  tell.line('minted', `${lease?.id}, a database user of its own, until ${lease?.expiresAt}`);
  const used = await world.useDatabase(secret);
  tell.line('used', used.said, expect(used.allowed, 'the database user works'));
  return { lease, secret };
}

async function tellOfReports(world: World, tell: Telling, taskId: string): Promise<Granted> {
  const { expect } = tell;
  const answer = await ask(world, taskId, {
    credential: 'reports-reader',
    parameters: { prefix: 'reports/2026/' },
    tool: 's3.get',
    reason: 'source files',
  });
  const { lease, secret } = answer.body ?? {};
  const isGranted = answer.status === 201;
  tell.step(3, 'It asks for reports-reader', outcome(answer), expect(isGranted, 'reports-reader is granted'));
  tell.line('decided because of', await becauseOf(world, lease));
  tell.line('minted', `${lease?.id}, an STS session narrowed to reports/2026/`);
  const read = await world.readReport(secret);
  tell.line('used to read', read.said, expect(read.allowed, 'the session can read'));
  const write = await world.writeReport(secret);
  tell.line('used to write', write.said, expect(!write.allowed, 'the session cannot write'));
  return { lease, secret };
}

async function tellOfRefusal(world: World, tell: Telling, taskId: string): Promise<void> {
  const { expect } = tell;
  const risky = await ask(world, taskId, {
    credential: 'payments-admin',
    tool: 'sql.query',
    reason: 'why not',
  });
  const isRefused = risky.status === 403;
  tell.step(4, 'It asks for payments-admin', outcome(risky), expect(isRefused, 'payments-admin is refused'));
  tell.line('decided because of', (risky.body?.policies ?? []).join(', '));
}

async function tellOfEnd(world: World, tell: Telling, taskId: string, { lease, secret }: Granted) {
  const { expect } = tell;
  const endedAt = performance.now();
  const ended = await endByWebhook(world, taskId);
  tell.step(5, 'The orchestrator says the task ended, in a signed webhook');
  const isAccepted = expect(ended.status === 200, 'the webhook is accepted');
  tell.line('answered', `${ended.status} ${ended.body?.effect}`, isAccepted);
  const over = await untilOver(world, world.agentToken, lease?.id);
  const afterMs = Math.round(performance.now() - endedAt);
  tell.line(
    'reports-db',
    `${over?.state} at the provider after ${afterMs} ms`,
    expect(over?.state === 'revoked', 'the database lease is revoked'),
  );
  const again = await world.useDatabase(secret);
  tell.line('used again', again.said, expect(!again.allowed, 'the database user is refused'));
}

const opened = ({ api, agentToken }: World) =>
  api.call('POST', '/v1/tasks', agentToken, {
    intent: 'Summarise the third-quarter reports for the board',
    deadline: '1h',
    labels: { team: 'finance' },
    onBehalfOf: 'carol@example.com',
    tools: ['sql.query', 's3.get'],
  });

const ask = ({ api, agentToken }: World, taskId: string, body: object) =>
  api.call('POST', `/v1/tasks/${taskId}/credentials`, agentToken, body);

/** The audit knows which policies permitted it. */
async function becauseOf({ api, operatorToken }: World, lease: Json): Promise<string> {
  if (!lease) return 'nothing was granted';
  const log = await api.call('GET', `/v1/audit?lease=${lease.id}`, operatorToken);
  const events: Json[] = (log.body?.items ?? []).map((record: Json) => record.event);
  return (events.find((event) => event.type === 'lease.reserved')?.decided.because ?? []).join(', ');
}

function endByWebhook({ api, webhookSecret }: World, taskId: string): Promise<Answer> {
  const body = JSON.stringify({
    type: 'task.completed',
    timestamp: new Date().toISOString(),
    data: { task_id: taskId, status: 'completed' },
  });
  return api.deliver('/v1/hooks/orchestrator', signWebhook(webhookSecret, body), body);
}

async function tellOfAws(world: World, tell: Telling, { lease, secret }: Granted) {
  const { expect } = tell;
  tell.step(
    6,
    'The STS session goes another way: AWS knows no call that ends one, so its role denies it, by name',
  );
  const over = await untilOver(world, world.agentToken, lease?.id);
  const { effect, requestedAt, writtenAt, endedAt } = over?.revocation ?? {};
  const afterMs = (at: string | undefined) => Date.parse(at ?? '') - Date.parse(requestedAt);
  const isDenied = over?.state === 'revoked' && effect === 'denied_by_policy';
  tell.line(
    'reports-reader',
    `${over?.state}, ${effect}: written after ${afterMs(writtenAt)} ms, seen in force after ${afterMs(endedAt)} ms`,
    expect(isDenied, 'the AWS session is denied by policy'),
  );
  const again = await world.readReport(secret);
  tell.line(
    'used again',
    again.said,
    expect(again.said === 'refused: AccessDenied', 'the AWS session is refused'),
  );
}

async function tellOfAudit({ api, operatorToken }: World, tell: Telling, taskId: string): Promise<void> {
  const { expect } = tell;
  const log = await api.call('GET', `/v1/audit?task=${taskId}&page_size=100`, operatorToken);
  const records: Json[] = log.body?.items ?? [];
  const isTold = records.some((record) => record.event.type === 'lease.denied');
  tell.step(
    8,
    'An auditor reads it all back',
    `${records.length} records, each chained to the one before`,
    expect(isTold, 'the audit tells it'),
  );
  for (const record of records)
    tell.say(
      `   ${String(record.seq).padStart(4)}  ${record.event.type.padEnd(20)} ${record.event.lease ?? record.event.fault ?? ''}`.trimEnd(),
    );
}
