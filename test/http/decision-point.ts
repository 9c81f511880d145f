import { afterAll } from '@jest/globals';
import { evaluate } from '../../src/broker/evaluate.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import { brokerPorts, orchestrator } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { policyFolder } from '../policy/folder.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { serving } from './serving.js';

/** A user of somebody's scenario is an agent here. */
export const agentOf = (id: string): string => `spiffe://example.org/user/${id}`;

export const parameterIs = (name: string, value: string): string =>
  `context.verified.parameters.hasTag("${name}") && context.verified.parameters.getTag("${name}") == "${value}"`;

export const issueRule = (effect: 'permit' | 'forbid', id: string, who: string, when: string): string =>
  `@id("${id}") ${effect} (principal ${who}, action == Protem::Action::"issue", resource) when { ${when} };\n`;

/** Our AuthZEN endpoints over real Cedar policies and a real ledger; whoever asks is an orchestrator. */
export function decisionPointOver(entries: readonly CatalogEntry[], policies: readonly string[]) {
  const catalog = new Map(entries.map((one) => [one.name, one]));
  const policy = loadPolicy({ directory: policyFolder({ 'a.cedar': policies.join('') }), catalog });
  afterAll(() => policy.close());
  return async () => {
    const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
    const { ports } = brokerPorts(ledger, [pretendProvider()], { policy: () => policy });
    return serving({
      broker: {
        identify: () => Promise.resolve(orchestrator),
        evaluate: (principal, request) => evaluate(ports, principal, request),
      },
    });
  };
}
