import type { Showing } from '../../../src/identity/dpop/constrain.js';
import type { Certified } from './certifying.js';

export const id = 'spiffe://a.example/agents/reports';

/** Settings of a trust domain that takes X509-SVIDs. */
export const domain = (name: string, bundle: unknown, more: object = {}) => ({
  name,
  bundle: { inline: bundle },
  x509Svids: {},
  rules: [
    { path: '/agents/*', kind: 'agent' },
    { path: '/ci', kind: 'orchestrator' },
  ],
  ...more,
});

/** A request over a connection that has shown these, and nothing else. */
export function showing(...certificates: readonly Certified[]): Showing {
  const [own, ...others] = certificates.map(({ der }) => der);
  return { scheme: 'bearer', proofs: [], method: 'GET', path: '/', certificates: [own!, ...others] };
}
