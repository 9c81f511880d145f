import { IAMClient } from '@aws-sdk/client-iam';
import type { CatalogEntry } from '../../../../policy/catalog.js';
import { openSts } from '../client.js';
import { nonsense } from '../refusal.js';
import type { AwsStsSettings } from '../settings.js';
import { roleFacts, simulated } from './facts.js';
import { cannotTell, type Finding } from './finding.js';
import { iamConfig } from './iam-config.js';
import { brokerRights, judgeRole } from './judge.js';
import { rolePlans } from './plan.js';

/**
 * Looks at every role that the entries name, with the identity that the broker itself would have. Changes nothing and
 * opens no session. Throws the Faults of STS when there is no identity.
 */
export async function checkRoles(
  settings: AwsStsSettings,
  entries: readonly CatalogEntry[],
): Promise<Finding[]> {
  const sts = openSts(settings);
  const iam = new IAMClient(iamConfig(settings, sts.credentials));
  try {
    const { Arn: broker } = await sts.callerIdentity();
    if (!broker) throw nonsense('the answer names nobody');
    const findings: Finding[] = [];
    for (const plan of rolePlans(entries, settings)) {
      if (accountOf(plan.role) !== accountOf(broker)) {
        const what = 'the role is in another account, which the broker cannot look into';
        const remedy = `Run this with an identity of account ${accountOf(plan.role)}.`;
        findings.push({ role: plan.role, ...cannotTell(what, remedy) });
        continue;
      }
      const facts = await roleFacts(iam, plan.role);
      const boundary = 'boundaryArn' in facts.role ? facts.role.boundaryArn : undefined;
      const rights = await simulated(iam, broker, brokerRights(plan), boundary);
      findings.push(...judgeRole(plan, facts, broker, rights));
    }
    return findings;
  } finally {
    iam.destroy();
    sts.close();
  }
}

const accountOf = (arn: string): string | undefined => arn.split(':')[4];
