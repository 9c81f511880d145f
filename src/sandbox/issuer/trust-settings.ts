import type { SandboxIssuer } from './issuer.js';

/**
 * The sections of the broker's settings that make it believe the local issuer: agents and orchestrators by SVID or
 * OIDC token, operators by OIDC token with the one role that it names.
 */
export const trustSettings = (
  issuer: Pick<SandboxIssuer, 'url' | 'trustDomain' | 'audience' | 'bundleUrl'>,
) => ({
  audience: issuer.audience,
  issuers: [
    {
      issuer: issuer.url,
      allowHttp: true,
      algorithms: ['ES256'],
      rules: [
        ...['viewer', 'approver', 'admin', 'breakglass'].map((role) => ({
          where: { kind: 'operator', role },
          kind: 'operator',
          id: 'operator:{{sub}}',
          roles: [role],
        })),
        { where: { kind: 'orchestrator' }, kind: 'orchestrator', id: 'orchestrator:{{sub}}' },
        { where: { kind: 'agent' }, kind: 'agent', id: 'agent:{{sub}}' },
      ],
    },
  ],
  trustDomains: [
    {
      name: issuer.trustDomain,
      bundle: { url: issuer.bundleUrl },
      allowHttp: true,
      rules: [
        { path: '/agent/*', kind: 'agent' },
        { path: '/orchestrator/*', kind: 'orchestrator' },
      ],
    },
  ],
});
