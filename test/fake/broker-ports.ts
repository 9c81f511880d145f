import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import { openBreaker } from '../../src/broker/breaker.js';
import { flood } from '../../src/broker/flood.js';
import { silentMeter } from '../../src/broker/meter.js';
import type { Ports } from '../../src/broker/ports.js';
import { revoke } from '../../src/broker/revoke.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Provider } from '../../src/issuance/provider.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import type { Decision, Policy, Question } from '../../src/policy/decision.js';
import { mintPermit } from '../../src/policy/permit.js';

export const agent: Principal = {
  id: 'spiffe://example.org/agent/a',
  kind: 'agent',
  issuer: 'example.org',
  roles: [],
  claims: {},
  proofExpiresAt: Date.now() + 3_600_000,
};
export const otherAgent: Principal = { ...agent, id: 'spiffe://example.org/agent/b' };
export const orchestrator: Principal = { ...agent, id: 'orchestrator:argo', kind: 'orchestrator' };
export const admin: Principal = {
  ...agent,
  id: 'operator:olga',
  kind: 'operator',
  roles: ['viewer', 'admin'],
};
export const viewer: Principal = { ...admin, id: 'operator:vic', roles: ['viewer'] };

export const entry = (provider: string, over: Partial<CatalogEntry> = {}): CatalogEntry => ({
  name: `${provider}-entry`,
  description: 'an entry',
  provider,
  sensitivity: 'internal',
  environment: 'test',
  riskTier: 0,
  maximumTtlSeconds: 3600,
  defaultTtlSeconds: 900,
  parameters: {},
  mint: {},
  ...over,
});

export const permitting = (ttlSeconds = 3600): Decision => ({
  is: 'permit',
  because: ['allow-all'],
  permit: mintPermit({ ttlSeconds, because: ['allow-all'], policyDigest: 'd1' }),
});

export const policyOf = (
  entries: CatalogEntry[],
  decide: (question?: Question) => Decision = () => permitting(),
  digest = 'd1',
): Policy => ({
  digest,
  catalog: new Map(entries.map((each) => [each.name, each])),
  decide,
});

/** Real ledger, pretend world; the queue revokes at once, in this process, and remembers that it was asked. */
export function brokerPorts(ledger: Ledger, providers: Provider[], over: Partial<Ports> = {}) {
  const queued: Promise<void>[] = [];
  const ports: Ports = {
    identify: () => Promise.reject(new Error('not in this test')),
    endedAt: () => undefined,
    installation: 'http://protem.test {test}',
    policy: () => policyOf(providers.map((provider) => entry(provider.name))),
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    ledger,
    inventory: { agents: new Map(), ownersNeeded: false },
    risk: () => 0,
    contextDigest: () => 'c1',
    queue: {
      add: (_provider, leaseIds) => {
        queued.push(...leaseIds.map((id) => revoke(ports, id)));
        return Promise.resolve();
      },
      backlog: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    },
    breakers: { issuing: openBreaker(), revoking: openBreaker() },
    admission: { admit() {} },
    flood: flood((event) => ledger.log.record(event)),
    readHook: () => undefined,
    readSignal: () => undefined,
    hookMayEnd: () => true,
    meter: silentMeter,
    log: { info() {}, warn() {}, error() {} },
    limits: {
      longestTaskSeconds: 86_400,
      mintTimeoutMs: 2000,
      revokeTimeoutMs: 2000,
      endWithProof: false,
      longestOverdueMs: 60_000,
      approvals: approvalLimits(approvalSettings.parse({})),
      breakGlassMaximumSeconds: 900,
    },
    ...over,
  };
  return { ports, settled: () => Promise.all(queued) };
}
