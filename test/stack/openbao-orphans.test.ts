import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { tellOrphanStory } from '../issuance/providers/vault/orphan-story.js';
import { documentedPolicies } from '../issuance/providers/vault/stand-in-broker.js';
import type { OpenBao } from './openbao.js';
import { openbaoCanRun, startSeededOpenBao, type SeededOpenBao } from './seeded-openbao.js';

const runs = openbaoCanRun('orphans in OpenBao');

(runs ? describe : describe.skip)('what is left behind in OpenBao', () => {
  let seeded: SeededOpenBao;
  let openbao: OpenBao;
  beforeAll(async () => {
    seeded = await startSeededOpenBao();
    ({ openbao } = seeded);
  }, 60_000);
  afterAll(async () => {
    await seeded?.close();
  });

  test.each(['protem', undefined])(
    'rule 6: with the token role %s, orphans are taken back, and foreign tokens survive',
    async (tokenRole) => {
      const policies = Object.keys(documentedPolicies());
      const { auth } = await openbao.write('auth/token/create-orphan', { policies, ttl: '1h' });
      const asRoot = {
        url: openbao.url,
        write: (path: string, body: object) => openbao.write(path, body),
        knows: async (accessor: string) => {
          const { status } = await openbao.ask(
            'auth/token/lookup-accessor',
            { accessor },
            openbao.rootToken.reveal(),
          );
          return status === 200;
        },
      };
      await tellOrphanStory(asRoot, (auth as { client_token: string }).client_token, tokenRole);
    },
    60_000,
  );
});
