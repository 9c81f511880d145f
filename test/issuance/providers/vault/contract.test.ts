import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import type { VaultScope } from '../../../../src/issuance/providers/vault/scope.js';
import { providerContract, type OpenProvider } from '../../../contract/provider.js';
import { faultOf, upstreamText } from './breakage.js';
import {
  ask,
  connects,
  documentedPolicies,
  orderOf,
  parseSettings,
  reports,
  startSeeded,
  tokensOf,
  tokenWith,
} from './stand-in-broker.js';

type Works = (secret: Readonly<Record<string, unknown>>) => Promise<boolean>;

/** The provider on the stand-in, with a broker token that holds the documented policies and no other. */
async function open(
  entry: Record<string, unknown>,
  useOf: (vault: Awaited<ReturnType<typeof startSeeded>>) => Works,
  more: Record<string, unknown> = {},
): Promise<OpenProvider<VaultScope>> {
  const policies = documentedPolicies();
  const vault = await startSeeded({
    policies,
    tokenRoles: { protem: { allowedPolicies: ['reports', 'config'], orphan: true, renewable: true } },
  });
  const token = await tokenWith(vault, Object.keys(policies));
  const provider = openVault(
    'vault',
    parseSettings(vault, {
      auth: { method: 'token', token },
      timeout: '1s',
      revocationTimeout: '1s',
      ...more,
    }),
  );
  const usersAtOrder = new Map<string, ReadonlySet<string>>();
  return {
    provider,
    order: () => {
      const order = orderOf(entry);
      usersAtOrder.set(order.leaseId, new Set(vault.databaseUsers()));
      return order;
    },
    works: useOf(vault),
    publicFields: ['username'],
    canaries: [token.reveal(), vault.rootToken.reveal()],
    calls: () => vault.calls(),
    break: async (how) => vault.setFault(faultOf[how]),
    upstreamText,
    loseAnswer: async (nth) => vault.setFault({ kind: 'drop', after: nth - 1, times: 1 }),
    alive: async ({ leaseId }) => {
      const before = usersAtOrder.get(leaseId);
      return (
        (await tokensOf(vault, leaseId)) + vault.databaseUsers().filter((user) => !before?.has(user)).length
      );
    },
    connections: () => vault.connections(),
    close: () => vault.close(),
  };
}

providerContract('vault, a database user', () =>
  open(reports, (vault) => (secret) => connects(vault, secret)),
);

providerContract('vault, a database user through a token role', () =>
  open(reports, (vault) => (secret) => connects(vault, secret), { tokenRole: 'protem' }),
);

providerContract('vault, the token itself', () =>
  open({ policies: ['config'], deliver: 'token' }, (vault) => async (secret) => {
    const { status } = await ask(vault, 'kv/app', undefined, String(secret['token']));
    return status === 200;
  }),
);

providerContract('vault, a value without a lease', () =>
  open({ policies: ['config'], path: 'kv/app', static: true }, () => async (secret) => {
    return secret['password'] === 'kv-one-password';
  }),
);
