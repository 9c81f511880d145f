import { redisLedger } from '../../../../src/ledger/redis-ledger.js';
import { startAwsStandIn } from '../../../../src/sandbox/aws/stand-in.js';
import { providerContract } from '../../../contract/provider.js';
import { worldOn } from '../../../fake/provider-world.js';
import { seed } from '../../../sandbox/aws/reports-account.js';
import { backends, connected, uniquePrefix } from '../../../setup/backends.js';
import { backed } from './backed.js';
import { orderOf, providerOf } from './minting.js';

providerContract('aws-sts on the stand-in', async () => {
  const standIn = await startAwsStandIn(seed);
  return backed(standIn, providerOf(standIn, { attempts: 1 }), orderOf);
});

providerContract('aws-sts on the stand-in, cutting sessions off by a deny', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const standIn = await startAwsStandIn(seed);
  const provider = providerOf(standIn, { attempts: 1 }, worldOn(ledger));
  return backed(standIn, provider, () => orderOf({ cutOff: ['deny'] }));
});
