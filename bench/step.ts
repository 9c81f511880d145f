import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { costing, startChild } from './harness/child.js';
import type { ServerChild } from './harness/child.js';
import { openLoop } from './harness/open-loop.js';
import { stepPolicies, toolNames } from './harness/policies.js';
import { startRedis } from './harness/redis.js';
import { machine, printTable } from './harness/report.js';
import type { Request } from './harness/wrk.js';

/**
 * What a step decision adds to a bare echo under the same load, everything included: token, the chain of the task, 100
 * policies, the durable record with its audit event, HTTP. 1,000 arrive in a second, over 200 tasks; each has at most
 * `stepsPerTask`, so what a task has is new.
 */
const seconds = Number(process.env['BENCH_SECONDS'] ?? 8);
const perSecond = 1000;
const tasksOpen = 200;
const warmUp = 6;
const audience = 'https://bench.protem.example';
const { privateKey, publicKey } = await generateKeyPair('ES256');
const key = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'jwt-svid' };
const rules = [{ path: '/agent/*', kind: 'agent' }];
const identity = {
  audience,
  trustDomains: [{ name: 'bench.example', bundle: { inline: { keys: [key] } }, rules }],
};
const sign = (n: number) =>
  new SignJWT({ sub: `spiffe://bench.example/agent/${n}`, aud: [audience] })
    .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('50m')
    .sign(privateKey);

const redis = await startRedis();
const broker = await startChild(new URL('./harness/broker-server.js', import.meta.url), {
  redisUrl: redis.url,
  policies: stepPolicies(),
  identity,
});

const echo = await startChild(new URL('./harness/echo-server.js', import.meta.url), {});

async function open(token: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${broker.port}/v1/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ intent: 'measure steps', deadline: '2h' }),
  });
  const task = (await answer.json()) as { id: string };
  if (answer.status !== 201) throw new Error(JSON.stringify(task));
  return task.id;
}

const agents: { token: string; task: string }[] = [];
for (let n = 0; n < tasksOpen; n++) {
  const token = await sign(n);
  agents.push({ token, task: await open(token) });
}
const step = (n: number): Request => {
  const { token, task } = agents[n % tasksOpen]!;
  const tool = toolNames[Math.floor(n / tasksOpen) % toolNames.length]!;
  return { path: `/v1/tasks/${task}/steps`, token, body: JSON.stringify({ tool, reason: `step ${n}` }) };
};
const requests = (from: number, count: number) => Array.from({ length: count }, (_, n) => step(from + n));

/** The same load on each; what came before the measured seconds made the machine warm, and is left out. */
const loaded = async (server: ServerChild) => {
  await openLoop(server.port, requests(0, warmUp * perSecond), perSecond, warmUp);
  return costing(server, () =>
    openLoop(server.port, requests(warmUp * perSecond, seconds * perSecond), perSecond, seconds),
  );
};
const floor = await loaded(echo);
const load = await loaded(broker);
machine(`${seconds} s; open loop over ${tasksOpen} tasks; Redis with its append-only file (everysec)`);
printTable(perSecond, [
  ['bare node:http echo, open loop 1000/s', floor, ''],
  ['a step, open loop 1000/s', load, ''],
]);
console.log(
  `\nA step adds p50 ${(load.p50Ms - floor.p50Ms).toFixed(2)} ms, p99 ${(load.p99Ms - floor.p99Ms).toFixed(2)} ms (target: p99 <= 5 ms).`,
);
broker.stop();
echo.stop();
redis.stop();
process.exit(0);
