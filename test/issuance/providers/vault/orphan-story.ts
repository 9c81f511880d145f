import { expect } from '@jest/globals';
import { grant } from '../../../../src/broker/grant.js';
import { takeBackOrphans } from '../../../../src/broker/orphans.js';
import { openTask } from '../../../../src/broker/tasks.js';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import { settings } from '../../../../src/issuance/providers/vault/settings.js';
import { scope } from '../../../../src/issuance/providers/vault/scope.js';
import type { Provider } from '../../../../src/issuance/provider.js';
import { redisLedger } from '../../../../src/ledger/redis-ledger.js';
import { agent, brokerPorts, entry, policyOf } from '../../../fake/broker-ports.js';
import { backends, connected, uniquePrefix } from '../../../setup/backends.js';
import { reports } from './stand-in-broker.js';

export interface VaultAsRoot {
  readonly url: string;
  write(path: string, body: object): Promise<Record<string, unknown>>;
  /** Whether Vault still knows the token of this accessor. */
  knows(accessor: string): Promise<boolean>;
}

interface Made {
  readonly auth: { readonly accessor: string };
}

/** What a scan must do in front of any Vault, the stand-in or a real one. */
export async function tellOrphanStory(
  vault: VaultAsRoot,
  brokerToken: string,
  tokenRole?: string,
): Promise<void> {
  const redis = await connected(backends[0]!.url);
  const prefix = uniquePrefix();
  const ledger = redisLedger(redis, { prefix });
  const provider = openVault(
    'vault',
    settings.parse({
      address: vault.url,
      auth: { method: 'token', token: brokerToken },
      ...(tokenRole !== undefined && { tokenRole }),
    }),
  ) as Provider;
  const { ports } = brokerPorts(ledger, [provider], {
    installation: `http://protem.test ${prefix}`,
    policy: () => policyOf([entry('vault', { mint: scope.parse(reports) })]),
  });
  const opening = { intent: 't', deadlineAt: Date.now() + 3_600_000, labels: {} };
  const { id: task } = await openTask(ports, agent, opening);
  const lease = async () => {
    const { id } = (await grant(ports, agent, { task, credential: 'vault-entry', parameters: {} })).lease;
    return { id, accessor: String((await ledger.leases.find(id))!.handle['accessor']) };
  };
  const [kept, lost, over] = [await lease(), await lease(), await lease()];
  await redis.del(`${prefix}:${lost.id}`);
  await redis.zrem(`${prefix}:due:vault`, lost.id);
  await ledger.leases.revoke(over.id, 'operator', 'op');
  await ledger.leases.settle(over.id, { is: 'revoked' });

  const make = async (path: string, meta: object) => {
    const body = { policies: ['reports'], ttl: '1h', meta };
    return ((await vault.write(path, body)) as unknown as Made).auth.accessor;
  };
  const ours = { lease: 'lse_00000000000000', broker: ports.installation };
  const own = tokenRole === undefined ? 'auth/token/create-orphan' : `auth/token/create/${tokenRole}`;
  const foreign = [
    await make(own, {}),
    await make(own, { lease: ours.lease }),
    await make(own, { ...ours, broker: 'http://another.test {test}' }),
    await make(own, { ...ours, lease: 'something else' }),
    ...(tokenRole === undefined ? [] : [await make('auth/token/create-orphan', ours)]),
  ];

  const scan = (olderThanMs?: number) =>
    takeBackOrphans(ports, provider, new AbortController().signal, olderThanMs);
  try {
    expect(await scan()).toBe(0); // all are younger than a lease can be on its way
    expect(await scan(0)).toBe(2);
    expect(await Promise.all([lost, over].map(({ accessor }) => vault.knows(accessor)))).toEqual([
      false,
      false,
    ]);
    expect(await vault.knows(kept.accessor)).toBe(true);
    expect(await Promise.all(foreign.map(vault.knows))).toEqual(foreign.map(() => true));
    const { items } = await ledger.log.read({ subject: task, pageSize: 100 });
    const told = items.flatMap(({ event }) => (event.type === 'orphan.revoked' ? [event] : []));
    const stands = Object.fromEntries(told.map(({ lease: id, stand }) => [id, stand]));
    expect(stands).toEqual({ [lost.id]: 'unknown', [over.id]: 'over' });
    expect(await scan(0)).toBe(0);
  } finally {
    await provider.close();
  }
}
