import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Redis } from 'ioredis';
import { startAwsStandIn } from '../src/sandbox/aws/stand-in.js';
import { awsSeed } from '../src/sandbox/seed.js';
import { costing, startChild } from './harness/child.js';
import { benchPolicies, entryNames } from './harness/policies.js';
import { openLoop } from './harness/open-loop.js';
import { startRedis } from './harness/redis.js';
import { measureOpenBao } from './harness/openbao.js';
import { machine, printTable } from './harness/report.js';
import { wrk } from './harness/wrk.js';
import type { Request } from './harness/wrk.js';

/**
 * The whole issue path of one process, next to a bare node:http echo and to OpenBao, in one run on one machine.
 * Cold: every token new, no decision remembered. Warm: 500 agents with one token each.
 */
const seconds = Number(process.env['BENCH_SECONDS'] ?? 8);
const audience = 'https://bench.protem.example';
const agents = 500;
const agentId = (n: number) => `spiffe://bench.example/agent/reporter-${n % agents}`;

const { privateKey, publicKey } = await generateKeyPair('ES256');
const key = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'jwt-svid' };
const identity = {
  audience,
  trustDomains: [
    {
      name: 'bench.example',
      bundle: { inline: { keys: [key] } },
      rules: [{ path: '/agent/*', kind: 'agent' }],
    },
  ],
};

const sign = (n: number) =>
  new SignJWT({ sub: agentId(n), aud: [audience], n })
    .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('50m')
    .sign(privateKey);

async function tokens(count: number): Promise<string[]> {
  const made: string[] = [];
  for (let from = 0; from < count; from += 64)
    made.push(
      ...(await Promise.all(Array.from({ length: Math.min(64, count - from) }, (_, i) => sign(from + i)))),
    );
  return made;
}

async function openTasks(port: number, warm: readonly string[]): Promise<string[]> {
  const open = async (token: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ intent: 'measure the issue path', deadline: '2h', labels: { team: 'bench' } }),
    });
    const body = (await answer.json()) as { id: string };
    if (answer.status !== 201) throw new Error(JSON.stringify(body));
    return body.id;
  };
  const ids: string[] = [];
  for (let from = 0; from < warm.length; from += 50)
    ids.push(...(await Promise.all(warm.slice(from, from + 50).map(open))));
  return ids;
}

const ask = (tasks: readonly string[], token: string, n: number, unique: boolean): Request => ({
  path: `/v1/tasks/${tasks[n % agents]}/credentials`,
  token,
  body: JSON.stringify({
    credential: entryNames[n % entryNames.length],
    parameters: { prefix: 'reports/2026/' },
    ttl: '15m',
    tool: 's3.get',
    reason: unique ? `request ${n}` : 'quarterly totals',
  }),
});

const redis = await startRedis();
const policies = benchPolicies();
const brokerScript = new URL('./harness/broker-server.js', import.meta.url);
const echo = await startChild(new URL('./harness/echo-server.js', import.meta.url), {});
const broker = await startChild(brokerScript, { redisUrl: redis.url, policies, identity });
const warmTokens = await tokens(agents);
const tasks = await openTasks(broker.port, warmTokens);
const coldTokens = await tokens(seconds * 4000 + 500 * seconds * 2);
const warm = warmTokens.map((token, n) => ask(tasks, token, n, false));
const repeated = Array.from({ length: 4000 * seconds }, (_, n) => warm[n % agents]!);
const cold = coldTokens.map((token, n) => ask(tasks, token, n, true));
const half = seconds * 4000;

const floor = await costing(echo, () => wrk(echo.port, warm, seconds));
const coldClosed = await costing(broker, () => wrk(broker.port, cold.slice(0, half), seconds));
const coldOpen = await costing(broker, () => openLoop(broker.port, cold.slice(half), 500, seconds));
broker.stop();

// A process of its own: what the cold rows left in the heap is not part of this.
const warmBroker = await startChild(brokerScript, { redisUrl: redis.url, policies, identity });
await wrk(warmBroker.port, warm, 3);
const warmClosed = await costing(warmBroker, () => wrk(warmBroker.port, warm, seconds));
const warmOpen = await costing(warmBroker, () => openLoop(warmBroker.port, repeated, 4000, seconds));
warmBroker.stop();

const store = new Redis(redis.url);
await store.flushall();
store.disconnect();
const aws = await startAwsStandIn(awsSeed('bench-secret-key'), {});
const awsBroker = await startChild(brokerScript, {
  redisUrl: redis.url,
  policies,
  identity,
  aws: { endpoint: aws.url, ...aws.accessKey },
});
const awsTasks = await openTasks(awsBroker.port, warmTokens);
const awsClosed = await costing(awsBroker, () =>
  wrk(
    awsBroker.port,
    warmTokens.map((token, n) => ask(awsTasks, token, n, false)),
    seconds,
  ),
);
awsBroker.stop();
await aws.close();
const openBao = await measureOpenBao(seconds);

machine(`${seconds} s a row; wrk with 64 connections; Redis with its append-only file (everysec)`);
printTable(floor.perSecond, [
  ['bare node:http echo', floor, ''],
  ['issue, cold', coldClosed, '>= 1500/s, >= 0.05'],
  ['issue, cold, open loop 500/s', coldOpen, 'p99 <= 10 ms'],
  ['issue, warm', warmClosed, '>= 6000/s, >= 0.20'],
  ['issue, warm, open loop 4000/s', warmOpen, 'p99 <= 5 ms'],
  ['issue through client-sts', awsClosed, '>= 600/s'],
  ...(openBao
    ? ([
        ['OpenBao dev: token create with TTL', openBao.create, 'not behind it'],
        ['OpenBao dev: create and revoke', openBao.createAndRevoke, ''],
      ] as const)
    : []),
]);
echo.stop();
redis.stop();
process.exit(0);
