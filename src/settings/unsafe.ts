import type { z } from 'zod';
import type { settingsSchema, UnsafeName } from './schema.js';

const isLoopback = (host: string) => /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/.test(host);

function overPlainHttp(address: unknown): boolean {
  if (typeof address !== 'string' || !address.startsWith('http://')) return false;
  return !isLoopback(new URL(address).hostname);
}

/** What in the settings themselves is unsafe and not allowed by name. Loopback is nobody else's wire. */
export function unsafeSettings(
  settings: z.output<typeof settingsSchema>,
  tree: Record<string, unknown>,
): string[] {
  const found: [UnsafeName, string][] = [];
  const redis = new URL(settings.redis.url);
  if (redis.protocol === 'redis:' && !isLoopback(redis.hostname))
    found.push([
      'redis-without-tls',
      'redis.url: leases and audit would cross the network in clear; use rediss://',
    ]);
  for (const [index, issuer] of settings.issuers.entries())
    if (overPlainHttp(issuer.issuer))
      found.push([
        'issuer-over-http',
        `issuers.${index}.issuer: keys over plain http can be forged on the way`,
      ]);
  for (const [index, domain] of settings.trustDomains.entries())
    if ('url' in domain.bundle && overPlainHttp(domain.bundle.url))
      found.push([
        'issuer-over-http',
        `trustDomains.${index}.bundle: keys over plain http can be forged on the way`,
      ]);
  for (const [name, section] of Object.entries(
    (tree['providers'] ?? {}) as Record<string, Record<string, unknown>>,
  ))
    if ([section['address'], section['endpoint']].some(overPlainHttp))
      found.push(['provider-over-http', `providers.${name}: credentials would cross the network in clear`]);
  return found
    .filter(([name]) => !settings.allowUnsafe.includes(name))
    .map(([name, problem]) => `${problem} (or allow it by name: allowUnsafe: [${name}])`);
}
