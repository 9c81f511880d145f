import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Case, ours, theirs } from './oracle.js';
import { assumeRequests, objectRequests } from './random-requests.js';

/**
 * "Permissions granted directly to a session are not limited by ... session policy" (IAM User Guide, "Policy
 * evaluation logic"). The oracle limits them, so these cases are left to the fixed test in scenarios.test.ts.
 */
const outsideOracle = ({ session: policy, resourcePolicy, principal, trust }: Case) =>
  policy !== undefined && JSON.stringify(resourcePolicy ?? trust ?? {}).includes(principal.arn);

const everyDecision = ['allowed', 'explicitly_denied', 'implicitly_denied'];

async function compare(requests: fc.Arbitrary<Case>, numRuns: number): Promise<void> {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(requests, async (drawn) => {
      fc.pre(!outsideOracle(drawn));
      const expected = await theirs(drawn);
      seen.set(expected, (seen.get(expected) ?? 0) + 1);
      expect(ours(drawn)).toBe(expected);
    }),
    { numRuns },
  );
  // A comparison that saw one answer only would prove nothing.
  for (const decision of everyDecision) expect(seen.get(decision) ?? 0).toBeGreaterThan(numRuns / 50);
}

test('the evaluator decides as an independent one does, over random policies of every kind', () =>
  compare(objectRequests, 2000));

test('it decides as the independent one does who may assume a role', () => compare(assumeRequests, 1000));
