import { z } from 'zod';
import { duration } from '../kernel/duration.js';
import { isClaimPath } from './claim-path.js';
import { dpopSettings, publicUrl, senderConstraint } from './dpop/dpop-settings.js';
import { isAllowedUrl } from './key-fetch.js';
import { asymmetricAlgorithms } from './jws.js';
import { isSpiffePath, isTrustDomain, parseSpiffeId } from './spiffe-id.js';
import { condition, idCollisions, subjectRule } from './subject-rule-settings.js';

const text = (maximum: number) => z.string().min(1).max(maximum);

export const keysAt = {
  url: z.strictObject({ url: z.string().describe('Address of the document; https.') }),
  file: z.strictObject({ file: text(4096).describe('Path of the document; read again every few seconds.') }),
  inline: z.strictObject({
    inline: z
      .looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) })
      .describe('The document itself.'),
  }),
};

const authoritiesAt = z.strictObject({
  authoritiesFile: text(4096).describe(
    'PEM of the authorities of its X509-SVIDs; read again every few seconds. JWT-SVIDs are not taken then.',
  ),
});

/** What both kinds of issuer can be told about their tokens and their keys. */
const common = {
  audience: text(2048).optional().describe('Expected `aud` where it is not the audience of the broker.'),
  allowOtherAudiences: z
    .boolean()
    .default(false)
    .describe('Accept tokens that are for others too. Whoever else they are for could use them here.'),
  allowHttp: z
    .boolean()
    .default(false)
    .describe(
      'Read the keys over plain http. Whoever is on the way can then forge identities; for tries only.',
    ),
  keysAccess: z
    .strictObject({
      caFile: text(4096)
        .optional()
        .describe('PEM of the authority that signed the certificate of the address.'),
      bearerTokenFile: text(4096).optional().describe('File whose content is sent as bearer token.'),
    })
    .default({})
    .describe(
      'How the keys are reached, where the address asks for it, as that of a Kubernetes cluster does.',
    ),
  requireSenderConstraint: senderConstraint,
  encryptionKeyClaim: text(256)
    .refine(isClaimPath, 'must be the name of a claim, or a JSON pointer to one')
    .optional()
    .describe(
      'Claim with the thumbprint (RFC 7638, SHA-256) of the key that secrets may be encrypted to (`encryptTo`).',
    ),
  refresh: duration
    .optional()
    .describe('How often the keys are read. Default: as their publisher says, else 5m.'),
  keysUsableWhileUnreachable: duration
    .default(3600)
    .describe('How long keys are used after they were due to be read again and could not be.'),
};

const maximumLifetime = duration
  .refine((seconds) => seconds <= 86_400, 'must be at most "24h"')
  .default(3600)
  .describe('Tokens made to last longer are refused, however much of it is over. At most 24h.');

const issuerSettings = z
  .strictObject({
    issuer: z.string().describe('The exact `iss` of the tokens, as a URL.'),
    keys: z
      .union([z.literal('discovery'), keysAt.url, keysAt.file, keysAt.inline])
      .default('discovery')
      .describe('Where the JWK set is: by OpenID discovery, at an address, in a file, or here.'),
    algorithms: z
      .array(z.enum(asymmetricAlgorithms))
      .min(1)
      .default(['ES256', 'RS256'])
      .describe('Signature algorithms that are accepted; never `none`, never one with a shared secret.'),
    maximumLifetime,
    deny: z.array(condition).default([]).describe('Claim values that are refused though the token is good.'),
    rules: z
      .array(subjectRule)
      .min(1)
      .describe(
        'Whom the tokens name. The first rule that matches decides; a token that none matches is refused.',
      ),
    ...common,
  })
  .superRefine((issuer, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const needed = issuer.allowHttp ? 'an http or https URL' : 'an https URL (or set allowHttp)';
    if (!isAllowedUrl(issuer.issuer, issuer.allowHttp)) refuse('issuer', `must be ${needed}`);
    if (typeof issuer.keys === 'object' && 'url' in issuer.keys)
      if (!isAllowedUrl(issuer.keys.url, issuer.allowHttp)) refuse('keys', `must be ${needed}`);
  });

const svidRule = z.strictObject({
  path: z
    .string()
    .refine(
      (path) => path !== '/*' && isSpiffePath(path.endsWith('/*') ? path.slice(0, -2) : path),
      'must be a SPIFFE path such as "/agents/reports", or one with "/*" at its end',
    )
    .describe('Path of the workload, or with `/*` at the end every path under it.'),
  kind: z
    .enum(['agent', 'orchestrator'])
    .describe('What such a workload is. People do not come with an SVID, so it is never an operator.'),
});

const trustDomainSettings = z
  .strictObject({
    name: z
      .string()
      .refine(isTrustDomain, 'must be a trust domain such as "prod.example.org", without spiffe://')
      .describe('Name of the trust domain, such as "prod.example.org", without spiffe://.'),
    bundle: z
      .union([keysAt.url, keysAt.file, keysAt.inline, authoritiesAt])
      .describe(
        'Where the SPIFFE bundle of the trust domain is: its bundle endpoint, a file, or here; or the authorities of its certificates alone, as service meshes have them.',
      ),
    maximumLifetime,
    x509Svids: z
      .strictObject({
        maximumLifetime: duration
          .refine((seconds) => seconds <= 2_592_000, 'must be at most "720h"')
          .default(86_400)
          .describe('Certificates made to last longer are refused. At most 720h.'),
      })
      .optional()
      .describe(
        'Takes X509-SVIDs as well, as certificate of the client in TLS: needs `listen.tls`. Without this section, JWT-SVIDs only.',
      ),
    rules: z.array(svidRule).min(1).describe('Which workloads may ask, and as what. Others are refused.'),
    deny: z
      .array(z.string().refine((id) => parseSpiffeId(id)?.path, 'must be the SPIFFE ID of a workload'))
      .default([])
      .describe('SPIFFE IDs that are refused though the token is good.'),
    ...common,
  })
  .superRefine(({ bundle, allowHttp, x509Svids }, context) => {
    if ('authoritiesFile' in bundle && !x509Svids)
      context.addIssue({ code: 'custom', path: ['bundle'], message: 'proves nobody without x509Svids' });
    if ('url' in bundle && !isAllowedUrl(bundle.url, allowHttp))
      context.addIssue({
        code: 'custom',
        path: ['bundle'],
        message: 'must be an https URL (or set allowHttp)',
      });
  });

const agentSettings = z.strictObject({
  id: text(2048).describe('Principal id: a SPIFFE ID, or the id that a rule of an issuer gives.'),
  owner: text(256).optional().describe('Who answers for the agent; without one it is ownerless.'),
  purpose: text(1024).describe('What the agent is for.'),
});

/** The sections of the settings that say who can be believed; spread into the whole schema. */
export const identitySections = {
  publicUrl: publicUrl
    .optional()
    .describe(
      'Where callers reach this broker, as they write it: proofs (DPoP) have to be made for it, and the AuthZEN configuration names it. Default: where it listens.',
    ),
  dpop: dpopSettings,
  audience: text(2048).describe('The identifier of this broker: the one `aud` that tokens must carry.'),
  issuers: z
    .array(issuerSettings)
    .default([])
    .superRefine((issuers, context) => {
      refuseRepeats(
        issuers.map(({ issuer }) => issuer),
        'issuer',
        context,
      );
      for (const { path, message } of idCollisions(issuers))
        context.addIssue({ code: 'custom', path, message });
    })
    .describe('Issuers of OIDC tokens: clusters, CI systems, identity providers of people.'),
  trustDomains: z
    .array(trustDomainSettings)
    .default([])
    .superRefine((domains, context) =>
      refuseRepeats(
        domains.map(({ name }) => name),
        'name',
        context,
      ),
    )
    .describe('SPIFFE trust domains whose SVIDs are accepted.'),
  agents: z
    .array(agentSettings)
    .default([])
    .superRefine((agents, context) =>
      refuseRepeats(
        agents.map(({ id }) => id),
        'id',
        context,
      ),
    )
    .describe('The inventory of agents. One identity is one agent.'),
  agentsNeedOwners: z
    .boolean()
    .default(false)
    .describe('An agent that is not in the inventory, or has no owner there, gets no credentials.'),
};

export const identitySettings = z.strictObject(identitySections);
export type IdentitySettings = z.output<typeof identitySettings>;

function refuseRepeats(names: readonly string[], field: string, context: z.RefinementCtx): void {
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      context.addIssue({ code: 'custom', path: [index, field], message: `"${name}" is already in the list` });
}
