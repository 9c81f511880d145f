import type { Clock } from '../kernel/clock.js';
import type { IdentitySettings } from './identity-settings.js';
import { parseIdTemplate } from './id-template.js';
import type { FetchKeys } from './key-fetch.js';
import { createKeySource } from './key-source.js';
import type { TrustDomain } from './trust-domain.js';
import type { OidcIssuer } from './oidc-issuer.js';
import { discoverJwks, readJwks, readSpiffeBundle } from './published-keys.js';
import type { Condition, SubjectRule } from './subject-rule.js';

type IssuerSettings = IdentitySettings['issuers'][number];
type TrustDomainSettings = IdentitySettings['trustDomains'][number];

/** The configured issuers by their `iss`, each with its own keys. */
export const openOidcIssuers = (
  settings: IdentitySettings,
  fetch: FetchKeys,
  clock: Clock,
): ReadonlyMap<string, OidcIssuer> =>
  new Map(settings.issuers.map((one) => [one.issuer, openIssuer(one, settings.audience, fetch, clock)]));

/** The configured trust domains by name, each with its own bundle: they are never merged. */
export const openTrustDomains = (
  settings: IdentitySettings,
  fetch: FetchKeys,
  clock: Clock,
): ReadonlyMap<string, TrustDomain> =>
  new Map(
    settings.trustDomains.map((one) => [one.name, openTrustDomain(one, settings.audience, fetch, clock)]),
  );

function openIssuer(one: IssuerSettings, audience: string, fetch: FetchKeys, clock: Clock): OidcIssuer {
  const options = { fetch, allowHttp: one.allowHttp, ...one.keysAccess };
  const load = one.keys === 'discovery' ? discoverJwks(one.issuer, options) : readJwks(one.keys, options);
  return {
    issuer: one.issuer,
    source: createKeySource(load, timingOf(one), clock),
    algorithms: one.algorithms,
    limits: limitsOf(one, audience),
    encryptionKeyClaim: one.encryptionKeyClaim,
    rules: one.rules.map(openRule),
    deny: one.deny,
  };
}

function openTrustDomain(
  one: TrustDomainSettings,
  audience: string,
  fetch: FetchKeys,
  clock: Clock,
): TrustDomain {
  const options = { fetch, allowHttp: one.allowHttp, ...one.keysAccess };
  return {
    name: one.name,
    source: createKeySource(
      readSpiffeBundle(one.bundle, options, one.x509Svids !== undefined),
      timingOf(one),
      clock,
    ),
    limits: limitsOf(one, audience),
    longestCertificateSeconds: one.x509Svids?.maximumLifetime,
    encryptionKeyClaim: one.encryptionKeyClaim,
    rules: one.rules,
    deny: new Set(one.deny),
  };
}

const timingOf = (one: IssuerSettings | TrustDomainSettings) => ({
  refreshSeconds: one.refresh,
  staleSeconds: one.keysUsableWhileUnreachable,
});

const limitsOf = (one: IssuerSettings | TrustDomainSettings, audience: string) => ({
  audience: one.audience ?? audience,
  allowOtherAudiences: one.allowOtherAudiences,
  maximumLifetimeSeconds: one.maximumLifetime,
});

function openRule(rule: IssuerSettings['rules'][number]): SubjectRule {
  const id = parseIdTemplate(rule.id);
  if ('problem' in id) throw new TypeError(`id ${id.problem}`);
  const where = Object.entries(rule.where).map(([claim, values]): Condition => ({
    claim,
    values: Array.isArray(values) ? values : [values],
  }));
  return { where, kind: rule.kind, id, roles: rule.roles ?? [], claims: rule.claims };
}
