// An agent in plain Node, with nothing but fetch: opens a task, asks for a database user, uses it, and ends the task.
//
//   npm start                       # in one terminal; it prints an `export` line
//   node examples/node-agent.mjs    # in another, after that line
//
// The token here is the sandbox's. In earnest it is the workload identity of your platform: a SPIFFE JWT-SVID, a
// Kubernetes service account token, the id token of a CI job; with the broker's audience, read anew for each call.

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

const { PROTEM_URL, SANDBOX_ISSUER, SANDBOX_DATABASE } = process.env;
if (!PROTEM_URL) throw new Error('Paste the export line that npm start prints.');

async function identityToken() {
  const answer = await fetch(`${SANDBOX_ISSUER}/token`, {
    method: 'POST',
    body: new URLSearchParams({ subject: 'reporter' }),
  });
  return (await answer.json()).access_token;
}

/** A refusal, with what to do about it. */
class Refused extends Error {
  constructor(problem) {
    super(`${problem.code}: ${problem.detail} ${problem.remedy}`);
    this.problem = problem;
  }
}

/** Calls the broker. What may succeed later is tried again, with the same Idempotency-Key; a refusal is not. */
async function protem(method, path, body) {
  const key = randomUUID();
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${PROTEM_URL}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await identityToken()}`,
        ...(body && { 'content-type': 'application/json', 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answered = await answer.json();
    if (answer.ok) return answered;
    if (!answered.retry || attempt === 5) throw new Refused(answered);
    await wait(Number(answer.headers.get('retry-after') ?? 1) * 1000);
  }
}

const query = ({ username, password }) =>
  fetch(SANDBOX_DATABASE, {
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
  });

const task = await protem('POST', '/v1/tasks', {
  intent: 'Count the rows of the third-quarter report',
  deadline: '15m',
  tools: ['sql.query'],
});
console.log(`Task ${task.id} is open until ${task.deadline}.`);

try {
  const { lease, secret } = await protem('POST', `/v1/tasks/${task.id}/credentials`, {
    credential: 'reports-db',
    ttl: '5m',
    tool: 'sql.query',
    reason: 'the totals',
  });
  console.log(`Lease ${lease.id}; ending it: ${lease.revocation.effect}.`);
  console.log(`The database answers ${(await query(secret)).status}.`);

  await protem('POST', `/v1/tasks/${task.id}/credentials`, {
    credential: 'payments-admin',
    tool: 'sql.query',
  }).catch((refused) => console.log(`Refused, as it should be. ${refused.message}`));

  await protem('POST', `/v1/tasks/${task.id}/end`, { outcome: 'completed' });
  let ended = lease;
  while (ended.state !== 'revoked') {
    await wait(50);
    ended = await protem('GET', `/v1/leases/${lease.id}`);
  }
  const lagMs = Date.parse(ended.revocation.endedAt) - Date.parse(ended.revocation.requestedAt);
  console.log(`Revoked after ${lagMs} ms; the database answers ${(await query(secret)).status}.`);
} catch (error) {
  // Whatever goes wrong, the task should not outlive the agent.
  await protem('POST', `/v1/tasks/${task.id}/end`, { outcome: 'failed' }).catch(() => {});
  throw error;
}
console.log('Done: the credential was revoked at the provider.');
