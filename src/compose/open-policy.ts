import type { Logger } from 'pino';
import type { AuditEvent } from '../audit/event.js';
import { present } from '../kernel/present.js';
import { policyChanges } from '../policy/policy-changes.js';
import { openPolicySource } from '../policy/policy-source.js';
import type { PolicySource } from '../policy/policy-source.js';
import type { Settings } from '../settings/load.js';

export type Tell = (event: AuditEvent) => void;

/** The policies of the settings, reloaded when their files change; each load and each refusal is logged and audited. */
export function openPolicy(
  settings: Settings,
  log: Logger,
  record: Tell,
  closing: (() => Promise<unknown>)[],
): PolicySource {
  const source = openPolicySource({
    directory: settings.policy.directory,
    catalog: settings.catalog,
    tools: settings.tools,
    onLoaded: (policy, before) => {
      const { digest: policyDigest, files } = policy;
      const changes = before && policyChanges(before, policy);
      log.info({ policyDigest, ...changes }, 'policy is in force');
      record(present({ type: 'policy.loaded' as const, policyDigest, files, changes }));
    },
    onRefused: (problems) => {
      log.error({ problems }, 'a changed policy was refused; the one before stays in force');
      record({ type: 'policy.refused', inForce: source.current().digest, problems });
    },
  });
  closing.push(() => source.close());
  return source;
}
