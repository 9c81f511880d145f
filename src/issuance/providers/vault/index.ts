import { readFile } from 'node:fs/promises';
import { systemClock, type Clock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import { defineProvider, type Provider } from '../../provider.js';
import { asBrokerWith } from './as-broker.js';
import { keepBrokerToken, type BrokerTokenSource } from './broker-token.js';
import { checkRights } from './check.js';
import { openClient } from './client.js';
import { login, renewSelf } from './login.js';
import { mint } from './mint.js';
import { renew } from './renew.js';
import { rememberForeign, scanTokens } from './scan.js';
import { scope, type VaultScope } from './scope.js';
import { settings, type VaultSettings } from './settings.js';
import { takeBack } from './take-back.js';
import { mustBeWithin } from './within.js';

/** What the provider takes from its surroundings. */
export interface VaultWorld {
  readonly clock: Clock;
  readonly readText: (path: string) => Promise<string>;
  readonly later: BrokerTokenSource['later'];
}

const surroundings: VaultWorld = {
  clock: systemClock,
  readText: (path) => readFile(path, 'utf8'),
  later(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** HashiCorp Vault and OpenBao. README.md says what it needs there and what revoking does. */
export function openVault(
  name: string,
  settings: VaultSettings,
  world: VaultWorld = surroundings,
): Provider<VaultScope> {
  const client = openClient({ ...settings, timeoutMs: settings.timeout * 1000 });
  const keeper = keepBrokerToken({
    login: () => login(settings.auth, { ...world, client }),
    renew: (token) => renewSelf(token, { ...world, client }),
    clock: world.clock,
    later: world.later,
  });
  const asBroker = asBrokerWith(client, keeper);
  const revoke: Provider['revoke'] = (handle) =>
    takeBack(asBroker, settings.revocationTimeout * 1000, handle);
  const { tokenRole } = settings;
  const foreign = rememberForeign();

  return {
    name,
    kind: 'vault',
    minimumTtlSeconds: () => 1,
    maximumTtlSeconds: settings.maximumTtl,
    effect: (entry) => (entry.static ? 'expires_only' : 'revoked_at_provider'),
    plan: ({ leaseId, scope: entry }) => ({ lease: leaseId, ...(entry.static ? { static: true } : {}) }),
    async issue(order, handle, learn) {
      if (order.ttlSeconds < 1 || order.ttlSeconds > settings.maximumTtl)
        throw new Fault('ttl.invalid', 'The provider cannot mint for so long, or so short, a time.');
      mustBeWithin(order.scope, order.within);
      const ceilingSeconds = Math.min(order.ceilingSeconds, settings.maximumTtl);
      return mint(
        { client, asBroker, tokenRole, clock: world.clock, takeBack: revoke },
        { ...order, ceilingSeconds },
        handle,
        learn,
      );
    },
    renew: (order, handle) => renew(asBroker, world.clock, order, handle),
    revoke,
    scan: (installation, signal) =>
      scanTokens(
        { asBroker, tokenRole, timeoutMs: settings.revocationTimeout * 1000, foreign },
        installation,
        signal,
      ),
    check: () => checkRights(asBroker, tokenRole),
    async close() {
      keeper.close();
      await client.close();
    },
  };
}

export const vault = defineProvider<VaultSettings, VaultScope>({
  kind: 'vault',
  settings,
  scope,
  open: (name, parsed) => openVault(name, parsed),
});
