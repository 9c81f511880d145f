import type { UnsafeName } from './schema.js';

export const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/.test(host);

function overPlainHttp(address: unknown): boolean {
  if (typeof address !== 'string' || !URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !isLoopback(hostname);
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
    value,
  );
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * What in the settings is unsafe and not allowed by name. Loopback is nobody else's wire. Reads the tree before it is
 * checked, so that settings with other problems are told of these in the same breath.
 */
export function unsafeSettings(tree: Readonly<Record<string, unknown>>): string[] {
  const found: (readonly [UnsafeName, string])[] = [];
  for (const [where, host] of redisHosts(at(tree, 'redis')))
    if (!isLoopback(host))
      found.push([
        'redis-without-tls',
        `${where}: leases and audit would cross the network in clear; use rediss://`,
      ]);
  for (const [index, issuer] of list(at(tree, 'issuers')).entries())
    for (const [where, address] of [
      ['issuer', at(issuer, 'issuer')],
      ['keys', at(issuer, 'keys', 'url')],
    ] as const)
      if (overPlainHttp(address))
        found.push([
          'issuer-over-http',
          `issuers.${index}.${where}: keys over plain http can be forged on the way`,
        ]);
  for (const [index, domain] of list(at(tree, 'trustDomains')).entries())
    if (overPlainHttp(at(domain, 'bundle', 'url')))
      found.push([
        'issuer-over-http',
        `trustDomains.${index}.bundle: keys over plain http can be forged on the way`,
      ]);
  for (const [name, section] of Object.entries(at(tree, 'providers') ?? {}))
    if ([at(section, 'address'), at(section, 'endpoint')].some(overPlainHttp))
      found.push(['provider-over-http', `providers.${name}: credentials would cross the network in clear`]);
  found.push(...sandboxParts(tree).map((problem) => ['sandbox-parts', problem] as const));
  const allowed = list(at(tree, 'allowUnsafe'));
  return found
    .filter(([name]) => !allowed.includes(name))
    .map(([name, problem]) => `${problem} (or allow it by name: allowUnsafe: [${name}])`);
}

/** As src/sandbox names it. */
const sandboxTrustDomain = 'sandbox.protem.example';

function sandboxParts(tree: Readonly<Record<string, unknown>>): string[] {
  const issuers = list(at(tree, 'trustDomains')).flatMap((domain, index) =>
    at(domain, 'name') === sandboxTrustDomain
      ? [`trustDomains.${index}.name: the issuer of the sandbox makes anyone on this machine any agent`]
      : [],
  );
  const keys = Object.entries(at(tree, 'providers') ?? {}).flatMap(([name, section]) =>
    at(section, 'credentials') === undefined
      ? []
      : [`providers.${name}.credentials: keys of the sandbox, which mints nothing real`],
  );
  return [...issuers, ...keys];
}

/** Hosts that would be spoken to in clear. With Sentinel the url only says how; where is what the sentinels say. */
function redisHosts(redis: unknown): (readonly [where: string, host: string])[] {
  const url = at(redis, 'url');
  if (typeof url !== 'string' || !url.startsWith('redis://') || !URL.canParse(url)) return [];
  const sentinels = list(at(redis, 'sentinel', 'addresses'));
  if (sentinels.length === 0) return [['redis.url', new URL(url).hostname]];
  return sentinels.map((address, index) => {
    const host = at(address, 'host');
    return [`redis.sentinel.addresses.${index}`, typeof host === 'string' ? host : ''];
  });
}
