import type { z } from 'zod';
import type { settingsSchema, UnsafeName } from './schema.js';

const isLoopback = (host: string) => /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/.test(host);

function overPlainHttp(address: unknown): boolean {
  if (typeof address !== 'string' || !URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !isLoopback(hostname);
}

const urlOf = (keys: unknown): unknown =>
  typeof keys === 'object' && keys !== null && 'url' in keys ? keys.url : undefined;

/** What in the settings themselves is unsafe and not allowed by name. Loopback is nobody else's wire. */
export function unsafeSettings(
  settings: Partial<z.output<typeof settingsSchema>>,
  tree: Record<string, unknown>,
): string[] {
  const found: [UnsafeName, string][] = [];
  if (settings.redis && crossesTheNetworkInClear(settings.redis))
    found.push([
      'redis-without-tls',
      'redis.url: leases and audit would cross the network in clear; use rediss://',
    ]);
  for (const [index, issuer] of (settings.issuers ?? []).entries())
    if ([issuer.issuer, urlOf(issuer.keys)].some(overPlainHttp))
      found.push([
        'issuer-over-http',
        `issuers.${index}.issuer: keys over plain http can be forged on the way`,
      ]);
  for (const [index, domain] of (settings.trustDomains ?? []).entries())
    if (overPlainHttp(urlOf(domain.bundle)))
      found.push([
        'issuer-over-http',
        `trustDomains.${index}.bundle: keys over plain http can be forged on the way`,
      ]);
  for (const [name, section] of Object.entries(
    (tree['providers'] ?? {}) as Record<string, Record<string, unknown> | null>,
  ))
    if ([section?.['address'], section?.['endpoint']].some(overPlainHttp))
      found.push(['provider-over-http', `providers.${name}: credentials would cross the network in clear`]);
  return found
    .filter(([name]) => !settings.allowUnsafe?.includes(name))
    .map(([name, problem]) => `${problem} (or allow it by name: allowUnsafe: [${name}])`);
}

function crossesTheNetworkInClear({ url, sentinel }: z.output<typeof settingsSchema>['redis']): boolean {
  const { protocol, hostname } = new URL(url);
  const hosts = sentinel ? sentinel.addresses.map(({ host }) => host) : [hostname];
  return protocol === 'redis:' && !hosts.every(isLoopback);
}
