import type { Answer, Json } from './api-client.js';
import { signWebhook } from './sign-webhook.js';
import { outcome, telling, untilOver } from './world.js';
import type { Expect, Say, World } from './world.js';

/** Plays the main job once on the running broker. Every step is checked; returns what did not happen as it should. */
export async function tellStory(world: World, say: Say): Promise<string[]> {
  const wrong: string[] = [];
  const { expect } = telling(say, wrong);

  say(`1  An agent proves who it is     ${world.agent}, with a JWT-SVID; there is no shared secret`);
  const task = await opened(world);
  expect(task.status === 201, 'opening a task');
  const taskId = String(task.body.id);
  say(`   and opens a task              ${taskId}  "${task.body.intent}"`);

  const database = await ask(world, taskId, {
    credential: 'reports-db',
    ttl: '15m',
    tool: 'sql.query',
    reason: 'quarterly totals',
  });
  const databaseLease = database.body?.lease;
  say(
    `\n2  It asks for reports-db        ${outcome(database)}${expect(database.status === 201, 'reports-db is granted')}`,
  );
  say(`   decided because of            ${await becauseOf(world, databaseLease)}`);
  say(
    `   minted                        ${databaseLease?.id}, a database user of its own, until ${databaseLease?.expiresAt}`,
  );
  const first = await world.useDatabase(database.body?.secret);
  say(`   used                          ${first.said}${expect(first.allowed, 'the database user works')}`);

  const reader = await ask(world, taskId, {
    credential: 'reports-reader',
    parameters: { prefix: 'reports/2026/' },
    tool: 's3.get',
    reason: 'source files',
  });
  const readerLease = reader.body?.lease;
  say(
    `\n3  It asks for reports-reader    ${outcome(reader)}${expect(reader.status === 201, 'reports-reader is granted')}`,
  );
  say(`   decided because of            ${await becauseOf(world, readerLease)}`);
  say(`   minted                        ${readerLease?.id}, an STS session narrowed to reports/2026/`);
  const read = await world.readReport(reader.body?.secret);
  say(`   used to read                  ${read.said}${expect(read.allowed, 'the session can read')}`);
  const write = await world.writeReport(reader.body?.secret);
  say(`   used to write                 ${write.said}${expect(!write.allowed, 'the session cannot write')}`);

  const risky = await ask(world, taskId, {
    credential: 'payments-admin',
    tool: 'sql.query',
    reason: 'why not',
  });
  say(
    `\n4  It asks for payments-admin    ${outcome(risky)}${expect(risky.status === 403, 'payments-admin is refused')}`,
  );
  say(`   decided because of            ${(risky.body?.policies ?? []).join(', ')}`);

  const endedAt = performance.now();
  const ended = await endByWebhook(world, taskId);
  say(`\n5  The orchestrator says the task ended, in a signed webhook`);
  say(
    `   answered                      ${ended.status} ${ended.body?.effect}${expect(ended.status === 200, 'the webhook is accepted')}`,
  );
  const revoked = await untilOver(world, world.agentToken, databaseLease?.id);
  const afterMs = Math.round(performance.now() - endedAt);
  say(
    `   reports-db                    ${revoked?.state} at the provider after ${afterMs} ms` +
      expect(revoked?.state === 'revoked', 'the database lease is revoked'),
  );
  const second = await world.useDatabase(database.body?.secret);
  say(
    `   used again                    ${second.said}${expect(!second.allowed, 'the database user is refused')}`,
  );

  await tellOfAws(world, readerLease, reader.body?.secret, say, expect);

  const late = await ask(world, taskId, { credential: 'reports-db', tool: 'sql.query' });
  say(
    `\n7  It asks once more             ${outcome(late)}${expect(late.body?.code === 'task.ended', 'an ended task gets nothing')}`,
  );
  await tellOfAudit(world, taskId, say, expect);
  return wrong;
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

async function tellOfAws(world: World, lease: Json, secret: Json, say: Say, expect: Expect): Promise<void> {
  say(
    `\n6  The STS session goes another way: AWS knows no call that ends one, so its role denies it, by name`,
  );
  const over = await untilOver(world, world.agentToken, lease?.id);
  const { effect, requestedAt, writtenAt, endedAt } = over?.revocation ?? {};
  const afterMs = (at: string | undefined) => Date.parse(at ?? '') - Date.parse(requestedAt);
  say(
    `   reports-reader                ${over?.state}, ${effect}: written after ${afterMs(writtenAt)} ms, seen in force after ${afterMs(endedAt)} ms` +
      expect(
        over?.state === 'revoked' && effect === 'denied_by_policy',
        'the AWS session is denied by policy',
      ),
  );
  const again = await world.readReport(secret);
  say(
    `   used again                    ${again.said}${expect(again.said === 'refused: AccessDenied', 'the AWS session is refused')}`,
  );
}

async function tellOfAudit(
  { api, operatorToken }: World,
  taskId: string,
  say: Say,
  expect: Expect,
): Promise<void> {
  const log = await api.call('GET', `/v1/audit?task=${taskId}&page_size=100`, operatorToken);
  const records: Json[] = log.body?.items ?? [];
  const told = records.some((record) => record.event.type === 'lease.denied');
  say(
    `\n8  An auditor reads it all back  ${records.length} records, each chained to the one before${expect(told, 'the audit tells it')}`,
  );
  for (const record of records)
    say(
      `   ${String(record.seq).padStart(4)}  ${record.event.type.padEnd(20)} ${record.event.lease ?? record.event.fault ?? ''}`.trimEnd(),
    );
}
