import { PolicyError } from '../policy/cedar-bundle.js';
import { loadPolicy } from '../policy/cedar-policy.js';
import { testPolicy } from '../policy/policy-cases.js';
import type { Settings } from '../settings/load.js';

/** `protem policy test`: runs cases.yaml of the policy folder; false when one did not get its answer. */
export function testPolicyFolder(settings: Settings, print: (line: string) => void): boolean {
  const { passed, failed } = testPolicy({
    directory: settings.policy.directory,
    catalog: settings.catalog,
    tools: settings.tools,
  });
  failed.forEach(print);
  print(`${passed} passed, ${failed.length} failed`);
  return failed.length === 0;
}

/** `protem policy check`: whether the policies would be taken; false, with every problem, when not. */
export function checkPolicyFolder(settings: Settings, print: (line: string) => void): boolean {
  try {
    const policy = loadPolicy({ directory: settings.policy.directory, catalog: settings.catalog });
    print(`the policies are sound: ${policy.digest}`);
    policy.close();
    return true;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    error.problems.forEach(print);
    return false;
  }
}
