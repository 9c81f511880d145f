import { setTimeout as wait } from 'node:timers/promises';
import { loadPolicy } from '../src/policy/cedar-policy.js';
import type { Ask } from '../src/policy/decision.js';
import { benchCatalog, benchPolicies, entryNames } from './harness/policies.js';
import { machine } from './harness/report.js';

// POL-13: how long deciding takes over 100 policies, when no request was decided before.

const decisions = 20_000;
const warmUp = 2000;

const catalog = benchCatalog('pretend', { path: 'reports/{{prefix}}' });
const policy = loadPolicy({ directory: benchPolicies(), catalog });
const now = Date.now();

const askOf = (n: number): Ask => ({
  principal: {
    id: `spiffe://bench.example/agent/${n}`,
    kind: 'agent',
    issuer: 'bench.example',
    roles: [],
    claims: {},
    proofExpiresAt: now + 3_600_000,
  },
  task: {
    id: `tsk_${String(n).padStart(8, '0')}`,
    intent: 'measure deciding',
    agent: `spiffe://bench.example/agent/${n}`,
    openedBy: `spiffe://bench.example/agent/${n}`,
    labels: { team: `bench-${n}` },
    state: 'open',
    openedAt: now,
    deadlineAt: now + 3_600_000,
  },
  entry: catalog.get(entryNames[n % entryNames.length]!)!,
  parameters: { prefix: `reports/${n}/` },
  ttlSeconds: 900,
  asserted: {},
});

const tookMs: number[] = [];
for (let n = 0; n < warmUp + decisions; n++) {
  const ask = askOf(n);
  const from = performance.now();
  const { is } = policy.decide(ask);
  if (n >= warmUp) tookMs.push(performance.now() - from);
  if (is !== 'permit') throw new Error(`request ${n}: ${is}`);
  if (n % 500 === 0) await wait(0);
}
policy.close();

tookMs.sort((a, b) => a - b);
const at = (share: number) => tookMs[Math.floor(tookMs.length * share)]!.toFixed(3);
machine(`${decisions} decisions over 100 policies, each another request`);
console.log('| path | p50 ms | p99 ms | most ms | target |');
console.log('|---|---:|---:|---:|---|');
console.log(`| deciding, nothing remembered | ${at(0.5)} | ${at(0.99)} | ${at(0.9999)} | p99 <= 5 ms |`);
