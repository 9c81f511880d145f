import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openVault } from '../../src/issuance/providers/vault/index.js';
import type { VaultScope } from '../../src/issuance/providers/vault/scope.js';
import { settings } from '../../src/issuance/providers/vault/settings.js';
import { faultOf, upstreamText } from '../issuance/providers/vault/breakage.js';
import {
  documentedPolicies,
  orderOf,
  reports,
  tokensOf,
} from '../issuance/providers/vault/stand-in-broker.js';
import { providerContract, type OpenProvider } from '../contract/provider.js';
import { startFaultProxy } from './fault-proxy.js';
import type { OpenBao } from './openbao.js';
import type { Login, Postgres } from './postgres.js';
import { openbaoCanRun, startSeededOpenBao, type SeededOpenBao } from './seeded-openbao.js';

const runs = openbaoCanRun('OpenBao with PostgreSQL');

(runs ? describe : describe.skip)('OpenBao with PostgreSQL behind it', () => {
  let seeded: SeededOpenBao;
  let openbao: OpenBao;
  let postgres: Postgres;
  beforeAll(async () => {
    seeded = await startSeededOpenBao();
    ({ openbao, postgres } = seeded);
  }, 60_000);
  afterAll(async () => {
    await seeded?.close();
  });

  const users = () => postgres.sql(`select rolname from pg_roles where rolname like 'v-%'`);

  type Works = OpenProvider<VaultScope>['works'];
  async function open(
    entry: Record<string, unknown>,
    works: Works,
    more: Record<string, unknown> = {},
  ): Promise<OpenProvider<VaultScope>> {
    const proxy = await startFaultProxy(openbao.url);
    const policies = Object.keys(documentedPolicies());
    const { auth } = await openbao.write('auth/token/create-orphan', { policies, ttl: '1h' });
    const token = (auth as { client_token: string }).client_token;
    const provider = openVault(
      'openbao',
      settings.parse({
        address: proxy.url,
        auth: { method: 'token', token },
        timeout: '2s',
        revocationTimeout: '2s',
        ...more,
      }),
    );
    const usersAtOrder = new Map<string, ReadonlySet<string>>();
    return {
      provider,
      order: () => {
        const order = orderOf(entry);
        usersAtOrder.set(order.leaseId, new Set(users()));
        return order;
      },
      works,
      publicFields: ['username'],
      canaries: [token, openbao.rootToken.reveal()],
      calls: () => proxy.calls(),
      break: async (how) => proxy.setFault(faultOf[how]),
      upstreamText,
      loseAnswer: async (nth) => proxy.setFault({ kind: 'drop', after: nth - 1, times: 1 }),
      alive: async ({ leaseId }) => {
        const before = usersAtOrder.get(leaseId);
        return (await tokensOf(openbao, leaseId)) + users().filter((user) => !before?.has(user)).length;
      },
      connections: () => proxy.connections(),
      close: () => proxy.close(),
    };
  }

  const connects: Works = async (secret) => postgres.connects(secret as unknown as Login);

  providerContract('OpenBao, a PostgreSQL user', () => open(reports, connects));
  providerContract('OpenBao, a PostgreSQL user through a token role', () =>
    open(reports, connects, { tokenRole: 'protem' }),
  );
  providerContract('OpenBao, the token itself', () =>
    open({ policies: ['config'], deliver: 'token' }, async (secret) => {
      const { status } = await openbao.ask('secret/data/app', undefined, String(secret['token']));
      return status === 200;
    }),
  );
  providerContract('OpenBao, a wrapped PostgreSQL user', () => {
    const unwrapped = new Map<unknown, Login>();
    return open({ ...reports, deliver: 'wrapped', wrapTtl: '1m' }, async ({ wrappingToken }) => {
      if (!unwrapped.has(wrappingToken)) {
        const { status, body } = await openbao.ask('sys/wrapping/unwrap', {}, String(wrappingToken));
        if (status !== 200) return false;
        unwrapped.set(wrappingToken, body['data'] as Login);
      }
      return postgres.connects(unwrapped.get(wrappingToken)!);
    });
  });

  test('the servers are real', async () => {
    expect(await openbao.read('sys/health')).toMatchObject({ initialized: true, sealed: false });
    expect(postgres.sql('select version()')[0]).toMatch(/^PostgreSQL/);
  });
});
