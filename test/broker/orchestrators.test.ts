import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import { hookSettings } from '../../src/identity/hooks/hook-settings.js';
import type { HookSource } from '../../src/identity/hooks/hook-settings.js';
import { readHook } from '../../src/identity/hooks/read-hook.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { signWebhook } from '../../src/sandbox/story/sign-webhook.js';
import { blocksOf } from '../document.js';
import { agent, brokerPorts, orchestrator } from '../fake/broker-ports.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

/** What an orchestrator sends, one after the other; "$TASK" stands for the id of the task that it is about. */
interface Recorded {
  readonly source: string;
  /** What the task was opened with, where the payload names a run. */
  readonly run?: string;
  readonly deliveries: readonly {
    readonly what: string;
    readonly payload: object;
    readonly effect?: 'ignored';
    readonly outcome?: 'completed' | 'failed' | 'cancelled';
  }[];
}

const folder = 'test/fixtures/orchestrators';
const names = readdirSync(folder).map((file) => file.replace('.json', ''));
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** The `hooks` section that the page shows, with every secret in its place. */
function sourceOf(page: string, source: string): HookSource {
  const [shown] = blocksOf(`docs/orchestrators/${page}.md`).filter(
    ({ language, tag, text }) => language === 'yaml' && tag === '' && text.startsWith('hooks:'),
  );
  const { hooks } = parse(shown?.text ?? '') as { hooks: Record<string, { secrets: unknown }> };
  const withSecrets = Object.fromEntries(
    Object.entries(hooks).map(([name, hook]) => [name, { ...hook, secrets: [secret] }]),
  );
  const found = hookSettings.parse(withSecrets)[source];
  if (!found) throw new Error(`the page of ${page} shows no source ${source}`);
  return found;
}

/** As the orchestrator proves itself. */
function headersOf(source: HookSource, body: string): Record<string, string> {
  switch (source.scheme) {
    case 'standard-webhooks':
      return signWebhook(secret, body);
    case 'github':
      return {
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      };
    case 'bearer':
      return { [source.header]: source.header === 'authorization' ? `Bearer ${secret}` : secret };
  }
}

test('every page has its recorded deliveries, and every recording its page', () => {
  const pages = readdirSync('docs/orchestrators').map((file) => file.replace('.md', ''));
  expect(pages.filter((page) => page !== 'README').toSorted()).toEqual(names.toSorted());
});

describe.each(names)('%s', (page) => {
  const recorded = JSON.parse(readFileSync(`${folder}/${page}.json`, 'utf8')) as Recorded;
  const source = sourceOf(page, recorded.source);
  let ledger: Ledger;
  let broker: Broker;

  beforeAll(async () => {
    ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
    broker = createBroker(
      brokerPorts(ledger, [], {
        readHook: (_name, delivery, now) => readHook(source, delivery, now),
      }).ports,
    );
  });

  const open = (run?: string) =>
    broker.openTask(orchestrator, {
      intent: 't',
      deadlineAt: ledger.clock() + 3_600_000,
      labels: {},
      agent: agent.id,
      ...(run !== undefined && { run }),
    });
  const stateOf = async (id: string) => (await ledger.tasks.find(id))?.state;

  test.each(recorded.deliveries.map((delivery) => [delivery.what, delivery] as const))(
    'REV-03 %s',
    async (_what, { payload, outcome }) => {
      const about = await open(recorded.run);
      const beside = await open(recorded.run && `${recorded.run}0`);
      const body = JSON.stringify(payload).replaceAll('$TASK', about.id);
      const deliver = () =>
        broker.receiveHook(recorded.source, {
          headers: headersOf(source, body),
          rawBody: Buffer.from(body),
        });
      const { effect } = await deliver();
      expect(effect).toBe(outcome ? 'ended' : 'ignored');
      expect(await stateOf(beside.id)).toBe('open');
      if (!outcome) return expect(await stateOf(about.id)).toBe('open');
      expect(await ledger.tasks.find(about.id)).toMatchObject({ state: 'ended', outcome });
      expect((await deliver()).effect).toBe('already');
    },
  );

  test('REV-03 what is not proven changes nothing', async () => {
    const about = await open(recorded.run);
    const ends = recorded.deliveries.find(({ outcome }) => outcome)!;
    const body = JSON.stringify(ends.payload).replaceAll('$TASK', about.id);
    const headers = headersOf(source, `${body} `);
    const forged = source.scheme === 'bearer' ? { [source.header]: `Bearer ${secret}0` } : headers;
    await expect(
      broker.receiveHook(recorded.source, { headers: forged, rawBody: Buffer.from(body) }),
    ).rejects.toMatchObject({ code: 'hook.unproven' });
    expect(await stateOf(about.id)).toBe('open');
  });
});
