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
