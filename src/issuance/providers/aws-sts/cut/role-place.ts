import { Fault } from '../../../../kernel/fault.js';
import type { Clock } from '../../../../kernel/clock.js';
import { refusedBecause } from '../refusal.js';
import type { IamCalls } from './iam.js';
import type { Look, Place } from './place.js';
import { askedAt } from './time.js';

/** All inline policies of a role together, white space not counted (IAM and AWS STS quotas). */
export const inlineQuota = 10_240;

/**
 * Inline policies of one role, each named for the turn that wrote it: a writer that was held up lands beside the newer
 * document, not on it, and both together decide as the newer one does.
 */
export function rolePlace(iam: IamCalls, clock: Clock, roleArn: string, policyPrefix: string): Place {
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const policyName = (epoch: number) => `${policyPrefix}${epoch}`;
  const epochOf = (name: string) =>
    name.startsWith(policyPrefix)
      ? Number(/^\d{1,15}$/.exec(name.slice(policyPrefix.length))?.[0] ?? NaN)
      : NaN;
  let others = new Map<string, number>();
  let sameRole: Promise<void> | undefined;

  /** IAM knows roles of the caller's account only: of the same name there could be another one here. */
  async function mustBeThisRole(): Promise<void> {
    const found = await iam.roleArn(roleName);
    if (found !== roleArn) throw refusedBecause(`IAM here knows ${found ?? 'no role'}, and not ${roleArn}`);
  }

  /** What the policies of others take of the quota; each is read once, as they seldom change. */
  async function sizeOfOthers(names: readonly string[]): Promise<void> {
    const sizes = new Map<string, number>();
    for (const name of names.filter((each) => Number.isNaN(epochOf(each)))) {
      const size = others.get(name) ?? (await iam.rolePolicy(roleName, name))?.replace(/\s/g, '').length;
      if (size !== undefined) sizes.set(name, size);
    }
    others = sizes;
  }

  return {
    capacity() {
      const taken = [...others.values()].reduce((sum, size) => sum + size, 0);
      return Promise.resolve(Math.max(0, Math.floor((inlineQuota - taken) / 2)));
    },

    async look() {
      sameRole ??= mustBeThisRole().catch((error: unknown) => {
        sameRole = undefined;
        throw error;
      });
      await sameRole;
      const { value: names, time } = await askedAt(clock, () => iam.listRolePolicies(roleName));
      await sizeOfOthers(names);
      const epochs = names.map(epochOf).filter((epoch) => !Number.isNaN(epoch));
      return { time, epochs: epochs.toSorted((a, b) => a - b) };
    },

    async read({ epochs }) {
      others = new Map(); // they may have been changed since; the next look asks again
      const texts = await Promise.all(epochs.map((epoch) => iam.rolePolicy(roleName, policyName(epoch))));
      return texts.flatMap((text, i) => (text === undefined ? [] : [{ epoch: epochs[i]!, text }]));
    },

    async put({ epochs }, epoch, text) {
      try {
        await iam.putRolePolicy(roleName, policyName(epoch), text);
        return epoch;
      } catch (error) {
        const latest = epochs.at(-1);
        if (latest === undefined || !isFull(error)) throw error;
        // No room for both: the new document takes the place of the one before, which it is safe to lose.
        await iam.putRolePolicy(roleName, policyName(latest), text);
        return latest;
      }
    },

    async clear({ epochs }: Look, below) {
      for (const epoch of epochs.filter((each) => each < below))
        await iam.deleteRolePolicy(roleName, policyName(epoch));
    },
  };
}

const isFull = (error: unknown): boolean =>
  error instanceof Fault && (error.reason ?? '').startsWith('LimitExceeded');
