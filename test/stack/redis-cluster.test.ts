import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from './eventually.js';
import { canRun, freePort } from './program.js';
import { runProtem } from './protem.js';
import { documentedRights, redisPrograms, rightsInCluster, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { revoking, startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('a Redis Cluster', redisPrograms());

(runs ? describe : describe.skip)('a Redis Cluster of three nodes', () => {
  let nodes: RedisServer[];
  let world: World;
  let place: VaultPlace;
  let look: LedgerReader;
  let config: string;

  beforeAll(async () => {
    const node = async () =>
      startRedis({
        parameters: [
          ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
          ...['--cluster-node-timeout', '2000'],
          ...['--user', 'protem', 'on', '>only-its-own', ...documentedRights(), ...rightsInCluster],
        ],
      });
    [nodes, world] = await Promise.all([Promise.all([node(), node(), node()]), startWorld()]);
    const created = spawnSync(
      redisPrograms()['redis-cli']!,
      ['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`), '--cluster-yes'],
      { encoding: 'utf8', timeout: 30_000 },
    );
    if (created.status !== 0) throw new Error(created.stdout + created.stderr);
    await eventually('every node knows that the cluster is whole', () =>
      nodes.every((each) => each.cli('cluster', 'info').includes('cluster_state:ok')),
    );
    place = world.providers['vault']!;
    const redis = { url: `redis://protem:only-its-own@127.0.0.1:${nodes[0]!.port}`, cluster: true };
    config = world.configure({ redis });
    look = await world.ledger(redis);
  }, 60_000);
  afterAll(async () => {
    await world?.close();
    await Promise.all((nodes ?? []).map((each) => each.close()));
  });

  test('everything works there: asked, listed, expired, ended, a worker killed in the middle', async () => {
    const api = await world.start('api', config);
    const killed = await world.start('worker', config);
    const task = await world.openTask(api.api);
    const [expiring] = await world.askOften(api.api, task, 1, { ttl: '1s' });
    const ending = await world.askOften(api.api, task, 30);
    const listed = await api.api.call(
      'GET',
      `/v1/leases?task=${task}&page_size=100`,
      await world.agentToken(),
    );
    expect(listed.body.items).toHaveLength(31);
    await look.becomes(expiring.lease.id, 'revoked');
    const held = place.gate.hold(revoking, 'before');
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    await held.reached;
    await killed.kill();
    place.gate.open();
    const worker = await world.start('worker', config);
    for (const { lease, secret } of ending) {
      await look.becomes(lease.id, 'revoked', 20_000);
      expect(await place.lets(secret)).toBe(false);
    }
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
    // All of it on one node, which the hash tag decides.
    expect(nodes.map((each) => Number(each.cli('dbsize')) > 0).filter(Boolean)).toHaveLength(1);
    for (const each of nodes) expect(each.cli('acl', 'log')).toBe('');
  }, 60_000);

  test('it does not start when one node of three would forget', async () => {
    nodes[2]!.cli('config', 'set', 'appendonly', 'no');
    const { code, complaints } = await runProtem(['serve', '-c', config], world.environment);
    nodes[2]!.cli('config', 'set', 'appendonly', 'yes');
    expect(code).toBe(1);
    expect(complaints).toContain('allowUnsafe: [redis-without-persistence]');
  });

  test('when the node with the ledger is killed: 503, not ready, and everything goes on when it is back', async () => {
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const [expiring, ...ending] = await Promise.all([
      world.askOften(api.api, task, 1, { ttl: '4s' }),
      world.askOften(api.api, task, 5),
    ]).then((grants) => grants.flat());
    const node = nodes.find((each) => Number(each.cli('dbsize')) > 0)!;
    await node.end('SIGKILL');
    const askedAt = performance.now();
    const { status, body } = await world.ask(api.api, task);
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'state.unavailable' });
    expect(performance.now() - askedAt).toBeLessThan(5000);
    const unready = await api.api.call('GET', '/readyz');
    expect(unready.status).toBe(503);
    await node.begin();
    const after = await eventually(
      'issuing goes on',
      async () => {
        const answer = await world.ask(api.api, task);
        return answer.status === 201 && answer.body;
      },
      20_000,
    );
    await look.becomes(expiring.lease.id, 'revoked', 20_000);
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    for (const { lease } of [...ending, after]) await look.becomes(lease.id, 'revoked', 25_000);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  }, 90_000);
});
