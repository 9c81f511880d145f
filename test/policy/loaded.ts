import { afterEach } from '@jest/globals';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import type { LoadedPolicy } from '../../src/policy/cedar-policy.js';
import type { Decision } from '../../src/policy/decision.js';
import { catalog, policyFolder } from './folder.js';

const loaded: LoadedPolicy[] = [];
afterEach(() => {
  for (const policy of loaded.splice(0)) policy.close();
});
export function policyOf(text: string, entries = catalog): LoadedPolicy {
  const policy = loadPolicy({ directory: policyFolder({ 'all.cedar': text }), catalog: entries });
  loaded.push(policy);
  return policy;
}
export const brief = (decision: Decision) => [decision.is, ...decision.because];
