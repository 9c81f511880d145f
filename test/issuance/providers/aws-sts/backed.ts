import type { Order, Provider } from '../../../../src/issuance/provider.js';
import type { AwsStsScope } from '../../../../src/issuance/providers/aws-sts/scope.js';
import { Secret } from '../../../../src/kernel/secret.js';
import { broken, denied, type StandInFault, throttled } from '../../../../src/sandbox/aws/fault.js';
import type { AwsStandIn } from '../../../../src/sandbox/aws/stand-in.js';
import type { OpenProvider } from '../../../contract/provider.js';
import { reads } from './account.js';

/** The provider and the stand-in behind it, as the contract looks at them. `refusing`: what AWS says when it refuses. */
export function backed(
  standIn: AwsStandIn,
  provider: Provider<AwsStsScope>,
  order: () => Order<AwsStsScope>,
  refusing: StandInFault = denied,
): OpenProvider<AwsStsScope> {
  const faults: Record<string, StandInFault> = {
    failing: broken,
    silent: { is: 'hang' },
    refusing,
    throttling: throttled,
    nonsense: { is: 'nonsense' },
  };
  return {
    provider,
    order,
    works: (secret) => reads(standIn, { secret: new Secret(secret) }, 'q3/summary.csv'),
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
