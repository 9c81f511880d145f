import type { ProviderKind } from '../issuance/provider.js';
import { testPolicy } from '../policy/policy-cases.js';
import { loadSettings } from '../settings/load.js';
import type { Environment } from '../settings/read.js';

/** `protem policy test`: runs cases.yaml of the policy folder; the exit code is 1 when one did not get its answer. */
export function testPolicyFolder(
  file: string,
  environment: Environment,
  kinds: ReadonlyMap<string, ProviderKind>,
): void {
  const { catalog, policy } = loadSettings(file, { environment, kinds });
  const { passed, failed } = testPolicy({ directory: policy.directory, catalog });
  for (const line of failed) process.stdout.write(`${line}\n`);
  process.stdout.write(`${passed} passed, ${failed.length} failed\n`);
  if (failed.length > 0) process.exitCode = 1;
}
