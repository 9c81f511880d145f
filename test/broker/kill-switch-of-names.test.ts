import { beforeEach, describe, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import { admin, agent, entry, otherAgent, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { leased, openLedger, world } from './revoking.js';

let ledger: Ledger;
let ports: Ports;
const inventory = {
  agents: new Map([[agent.id, { owner: 'finance' }]]),
  ownersNeeded: false,
  issuers: new Set(['example.org']),
};
beforeEach(async () => {
  ledger = await openLedger();
  ({ ports } = world(ledger, pretendProvider(), { inventory }));
});

const kill = (scope: Scope, of: Ports = ports) =>
  createBroker(of).revokeMany(admin, { scope, reason: 'drill', block: true });
const looked = (scope: Scope, of: Ports = ports) => createBroker(of).blastRadius(admin, scope);
/** As after a start with settings that have none of these names any more. */
const without = (over: Partial<Ports> = {}): Ports => ({
  ...ports,
  providers: new Map(),
  policy: () => policyOf([]),
  inventory: { agents: new Map(), ownersNeeded: false, issuers: new Set() },
  ...over,
});
const known: readonly (readonly [Scope['of'], string])[] = [
  ['provider', 'pretend'],
  ['entry', 'pretend-entry'],
  ['issuer', 'example.org'],
  ['owner', 'finance'],
];

describe('a name that the kill switch is given', () => {
  test.each([
    ['provider', 'pertend', '/provider', 'provider', 'pretend'],
    ['entry', 'pretend-entyr', '/credential', 'catalog entry', 'pretend-entry'],
    ['issuer', 'example.og', '/issuer', 'issuer or trust domain', 'example.org'],
    ['owner', 'finanec', '/owner', 'owner of agents', 'finance'],
  ] as const)(
    'is refused where nothing has it: %s %s; no block is made',
    async (of, name, pointer, what, there) => {
      await leased(ports);
      for (const act of [looked, kill])
        await expect(act({ of, name })).rejects.toMatchObject({
          code: 'request.malformed',
          message: `Nothing would be stopped: there is no ${what} of this name; there are: ${there}.`,
          errors: [{ pointer, detail: 'neither in the settings nor of anything live' }],
        });
      expect(await ledger.withdrawals.blocks()).toEqual([]);
      expect(await ledger.withdrawals.open()).toEqual([]);
    },
  );

  test.each(known)(
    'is taken from the settings with nothing live, and without a look at the store: %s %s',
    async (of, name) => {
      const away = () => Promise.reject(new Error('it was asked'));
      const agents = { ...ledger.agents, ids: away };
      expect((await kill({ of, name }, { ...ports, ledger: { ...ledger, agents } })).block).toBeDefined();
    },
  );

  test.each(known.filter(([of]) => of !== 'owner'))(
    'is known by a live lease when the settings have it no longer, and by its block after that: %s %s',
    async (of, name) => {
      const { taskId } = await leased(ports);
      expect((await looked({ of, name }, without())).total).toBe(1);
      expect((await kill({ of, name }, without())).block).toMatchObject({ scope: { of, name } });
      await ledger.tasks.end(taskId, { outcome: 'completed', by: agent.id, via: 'api' });
      expect((await kill({ of, name }, without())).block).toMatchObject({ scope: { of, name } });
    },
  );

  test.each([
    ['issuer', 'example.org'],
    ['owner', 'finance'],
  ] as const)('is known by an agent that was seen with it: %s', async (of, name) => {
    const { id } = await leased(ports);
    await ledger.leases.revoke(id, 'operator', 'op');
    await ledger.leases.settle(id, { is: 'revoked' });
    expect((await kill({ of, name }, without())).block).toMatchObject({ scope: { of, name } });
  });

  test('is not listed where there are many', async () => {
    const many = Array.from({ length: 13 }, (_, n) => entry('pretend', { name: `entry-${n}` }));
    await expect(
      kill({ of: 'entry', name: 'enrty-1' }, { ...ports, policy: () => policyOf(many) }),
    ).rejects.toMatchObject({
      message: 'Nothing would be stopped: there is no catalog entry of this name.',
    });
  });

  test('of an agent may be one that nobody has seen yet', async () => {
    expect((await kill({ of: 'agent', name: otherAgent.id })).block).toBeDefined();
  });
});
