import { spawn, spawnSync } from 'node:child_process';
import { portOrFree } from '../../src/sandbox/port.js';
import { wrk } from './wrk.js';
import type { Load } from './wrk.js';

/** OpenBao in development mode, creating service tokens with a TTL, and revoking them; undefined without `bao`. */
export async function measureOpenBao(
  seconds: number,
): Promise<{ create: Load; createAndRevoke: Load } | undefined> {
  const binary = process.env['PROTEM_BAO'] ?? 'bao';
  if (spawnSync(binary, ['version']).status !== 0) return undefined;
  const port = await portOrFree(0);
  const token = 'bench-root-token';
  const server = spawn(
    binary,
    [
      'server',
      '-dev',
      '-dev-no-store-token',
      `-dev-listen-address=127.0.0.1:${port}`,
      `-dev-root-token-id=${token}`,
    ],
    { stdio: 'ignore' },
  );
  const address = `http://127.0.0.1:${port}/v1`;
  while (
    !(await fetch(`${address}/sys/health`).then(
      (answer) => answer.ok,
      () => false,
    ))
  )
    await new Promise((resolve) => setTimeout(resolve, 50));
  const body = JSON.stringify({ ttl: '900s', policies: ['default'], meta: { task: 'bench' } });
  const create = await wrk(port, [{ path: '/v1/auth/token/create', token, body }], seconds);
  const createAndRevoke = await pairs(address, token, body, seconds);
  server.kill('SIGKILL');
  return { create, createAndRevoke };
}

async function pairs(address: string, token: string, body: string, seconds: number): Promise<Load> {
  const latencies: number[] = [];
  const until = performance.now() + seconds * 1000;
  const call = (path: string, text: string) =>
    fetch(`${address}/${path}`, { method: 'POST', headers: { 'x-vault-token': token }, body: text });
  const lane = async () => {
    while (performance.now() < until) {
      const startedAt = performance.now();
      const made = (await (await call('auth/token/create', body)).json()) as { auth: { accessor: string } };
      await call('auth/token/revoke-accessor', JSON.stringify({ accessor: made.auth.accessor }));
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    perSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    refused: 0,
    requests: latencies.length,
  };
}
