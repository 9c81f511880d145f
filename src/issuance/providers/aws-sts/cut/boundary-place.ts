import type { Clock } from '../../../../kernel/clock.js';
import { refusedBecause } from '../refusal.js';
import type { IamCalls } from './iam.js';
import type { Place } from './place.js';
import { askedAt } from './time.js';
import { readCut } from './verdict.js';

/** Characters of a managed policy, and how many versions of it there can be (IAM and AWS STS quotas). */
const managedQuota = 6144;
const mostVersions = 5;

/**
 * A permissions boundary that is the broker's alone: everything is allowed in it but what the document denies. A
 * boundary never grants, so who may write it can give nobody anything. Only the default version is in force, so a
 * writer that was held up must not make its own the default: it asks for its turn once more right before.
 */
export function boundaryPlace(iam: IamCalls, clock: Clock, policyArn: string): Place {
  async function epochOf(versionId: string): Promise<{ epoch: number; text: string }> {
    const text = (await iam.policyVersion(policyArn, versionId)) ?? '';
    const epoch = /"Sid":\s*"C(\d{1,15})"/.exec(text)?.[1];
    if (readCut(text) && epoch !== undefined) return { epoch: Number(epoch), text };
    if (allowsAllAndNoMore(text)) return { epoch: 0, text };
    throw refusedBecause(`${policyArn} says something of its own, and would be overwritten`);
  }

  return {
    capacity: () => Promise.resolve(managedQuota),

    async look() {
      const { value: versions, time } = await askedAt(clock, () => iam.policyVersions(policyArn));
      const current = versions.find(({ isDefault }) => isDefault);
      if (!current) throw refusedBecause(`${policyArn} has no default version`);
      const { epoch } = await epochOf(current.id);
      return { time, epochs: [epoch] };
    },

    async read() {
      const { value: versions } = await iam.policyVersions(policyArn);
      const current = versions.find(({ isDefault }) => isDefault);
      return current ? [await epochOf(current.id)] : [];
    },

    async put(_look, epoch, text, stillOurs) {
      const { value: versions } = await iam.policyVersions(policyArn);
      const spare = versions
        .filter(({ isDefault }) => !isDefault)
        .toSorted((a, b) => numberOf(a.id) - numberOf(b.id));
      for (const { id } of spare.slice(0, Math.max(0, versions.length - mostVersions + 1)))
        await iam.deletePolicyVersion(policyArn, id);
      const made = await iam.createPolicyVersion(policyArn, text);
      if (!(await stillOurs())) throw refusedBecause('another worker has written since; its document stays');
      await iam.setDefaultVersion(policyArn, made);
      return epoch;
    },

    // Versions that are not the default deny nobody; they go when their place is needed.
    clear: () => Promise.resolve(),
  };
}

/** v12 */
const numberOf = (versionId: string): number => Number(versionId.slice(1));

function allowsAllAndNoMore(text: string): boolean {
  try {
    const { Statement } = JSON.parse(text) as { Statement?: unknown };
    const statements = [Statement].flat() as Record<string, unknown>[];
    return statements.every(
      ({ Effect, Action, Resource, Condition }) =>
        Effect === 'Allow' && Action === '*' && Resource === '*' && Condition === undefined,
    );
  } catch {
    return false;
  }
}
