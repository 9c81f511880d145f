import type { AwsStsScope } from '../../../../src/issuance/providers/aws-sts/scope.js';
import type { ProviderWorld } from '../../../../src/issuance/world.js';
import { redisLedger } from '../../../../src/ledger/redis-ledger.js';
import { broken, denied, type StandInFault, throttled } from '../../../../src/sandbox/aws/fault.js';
import { startAwsStandIn } from '../../../../src/sandbox/aws/stand-in.js';
import { type OpenProvider, providerContract } from '../../../contract/provider.js';
import { worldOn } from '../../../fake/provider-world.js';
import { seed } from '../../../sandbox/aws/reports-account.js';
import { backends, connected, uniquePrefix } from '../../../setup/backends.js';
import { orderOf, providerOf, read, s3Of } from './minting.js';

providerContract('aws-sts on the stand-in, cutting sessions off by a deny', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  return backed({ cutOff: ['deny'] }, worldOn(ledger));
});

async function backed(scope: object = {}, world?: ProviderWorld): Promise<OpenProvider<AwsStsScope>> {
  const standIn = await startAwsStandIn(seed);
  const provider = providerOf(standIn, { attempts: 1 }, world);
  const faults: Record<string, StandInFault> = {
    failing: broken,
    silent: { is: 'hang' },
    refusing: denied,
    throttling: throttled,
    nonsense: { is: 'nonsense' },
  };
  return {
    provider,
    order: () => orderOf(scope),
    works: async (secret) => {
      try {
        return (await read(s3Of(standIn, secret), 'q3/summary.csv')) !== undefined;
      } catch (error) {
        if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403)
          return false;
        throw error;
      }
    },
    publicFields: ['AccessKeyId', 'Expiration', 'AccountId'],
    canaries: [standIn.accessKey.secretAccessKey],
    calls: () => standIn.trail().length,
    break: (how) => (how === 'gone' ? standIn.close() : Promise.resolve(standIn.setFault(faults[how]))),
    upstreamText: 'was asked for',
    loseAnswer: () => Promise.resolve(standIn.setFault({ is: 'dropped_answer' }, { times: 1 })),
    connections: () => standIn.connections(),
    close: () => standIn.close(),
  };
}
