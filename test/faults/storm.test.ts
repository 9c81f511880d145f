import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import { dueLeases } from './due-leases.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';
import { counted } from './seed.js';

const possible = canRun('a storm of leases, with a dead provider in it', redisPrograms());

(possible ? describe : describe.skip)(
  'a storm: 10,000 leases due in the same second, one provider dead',
  () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await startScene({ providers: ['dead', 'first', 'second'] });
    }, 30_000);
    afterAll(async () => scene?.close());

    test('I10 the other providers are through with theirs while the dead one has not answered once', async () => {
      const { look, place } = scene;
      const { dead, first, second } = place.providers;
      dead!.trouble({ call: /./, is: 'hang' });
      const shares = { dead: 4000, first: 3000, second: 3000 };
      await look.ledger.check();
      const dueAt = look.ledger.clock() + 20_000;
      const all = Object.entries(shares).flatMap(([provider, count]) => Array<string>(count).fill(provider));
      await dueLeases(
        look.ledger,
        all.map((provider, n) => ({ provider, at: dueAt + (n % 1000) })),
      );
      await Promise.all([scene.start('worker'), scene.start('worker')]);
      await eventually('the storm has come', () => look.ledger.clock() >= dueAt, 120_000);

      const countsOf = async (provider: string) =>
        (await look.ledger.leases.counts())
          .filter((each) => each.provider === provider)
          .reduce((sum, { count }) => sum + count, 0);
      await eventually(
        'theirs are over',
        async () => (await countsOf('first')) + (await countsOf('second')) === 0,
        120_000,
      );
      expect(await countsOf('dead')).toBe(shares.dead);
      const lastMs = (provider: typeof first) => Math.max(...provider!.seen.map(({ at }) => at)) - dueAt;
      counted('storm', {
        leases: 10_000,
        'of the dead provider': shares.dead,
        'last of the others after ms': Math.max(lastMs(first), lastMs(second)),
        'attempts at the dead one meanwhile': dead!.seen.length,
      });

      dead!.trouble();
      await eventually('the dead one is through, too', async () => (await countsOf('dead')) === 0, 300_000);
      const asked = (name: keyof typeof shares) =>
        new Set(place.providers[name]!.seen.map(({ lease }) => lease)).size;
      expect({ dead: asked('dead'), first: asked('first'), second: asked('second') }).toEqual(shares);
    }, 600_000);
  },
);
