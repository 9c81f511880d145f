import { PolicyError } from '../policy/cedar-bundle.js';
import { loadPolicy } from '../policy/cedar-policy.js';
import type { PolicyFolder } from '../policy/cedar-policy.js';
import { testPolicy } from '../policy/policy-cases.js';
import type { PolicySettings } from '../settings/load.js';

/** The policies of the settings, with all of the settings that they are about. */
export const policyFolderOf = ({ policy: { directory }, catalog, tools }: PolicySettings): PolicyFolder => ({
  ...{ directory, catalog, tools },
});

/** `protem policy test`: runs cases.yaml of the policy folder; false when one did not get its answer. */
export function testPolicyFolder(settings: PolicySettings, print: (line: string) => void): boolean {
  const { passed, failed } = testPolicy(policyFolderOf(settings));
  failed.forEach(print);
  print(`${passed} passed, ${failed.length} failed`);
  return failed.length === 0;
}

/** `protem policy check`: whether the policies would be taken; false, with every problem, when not. */
export function checkPolicyFolder(settings: PolicySettings, print: (line: string) => void): boolean {
  try {
    const policy = loadPolicy(policyFolderOf(settings));
    print(`the policies are sound: ${policy.digest}`);
    policy.close();
    return true;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    error.problems.forEach(print);
    return false;
  }
}
