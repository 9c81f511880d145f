import { expect, test } from '@jest/globals';
import { awsSts, openAwsSts } from '../../src/issuance/providers/aws-sts/index.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { worldOn } from '../fake/provider-world.js';
import { endedBy, orderFor, reservedBy, revokedFully } from '../issuance/providers/aws-sts/cut/cutting.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { deniedAfterMs } from './propagation.js';

// Against AWS itself, by the default credential chain of the SDK, on a role that docs/aws.md says how to make:
// PROTEM_AWS_LIVE_ROLE=arn:aws:iam::111122223333:role/jit/probe PROTEM_AWS_LIVE_REGION=eu-central-1 npm run test:live
const role = process.env['PROTEM_AWS_LIVE_ROLE'] ?? '';
const region = process.env['PROTEM_AWS_LIVE_REGION'] ?? 'us-east-1';
const bucket = process.env['PROTEM_AWS_LIVE_BUCKET'];
const rounds = Number(process.env['PROTEM_AWS_LIVE_ROUNDS'] ?? 3);

(role === '' ? test.skip : test)(
  'at AWS a session that has ended is denied everywhere, and how long that takes is printed',
  async () => {
    const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
    const provider = openAwsSts('aws', awsSts.settings.parse({ region }), worldOn(ledger));
    const scope = {
      role,
      sessionPolicy: { Statement: { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' } },
    };
    for (let round = 1; round <= rounds; round++) {
      const task = (await ledger.tasks.open(newTask({ deadlineAt: Date.now() + 3_600_000 })))!;
      const order = orderFor(task.id, scope);
      const lease = await reservedBy(ledger, provider, order);
      const { secret, expiresAt } = await provider.issue(order, lease.handle, () => Promise.resolve());
      const active = (await ledger.leases.activate(lease, { expiresAt, effect: lease.effect }))!;
      const ended = await endedBy(ledger, active);
      const askedAt = performance.now();
      const watching = deniedAfterMs({ region, role, bucket, secret: secret.reveal() }, 120_000);
      await revokedFully(provider, ended, 2400);
      const confirmedMs = Math.round(performance.now() - askedAt);
      const denied = await watching;
      console.log(
        `round ${round}: confirmed after ${confirmedMs} ms; denied by service, ms:`,
        Object.fromEntries(denied),
      );
      expect([...denied.values()]).not.toContain(undefined);
    }
    await provider.close();
  },
  rounds * 180_000,
);
