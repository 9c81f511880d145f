import type { GeneralSubtree } from '@peculiar/asn1-x509';
import type { ReadCertificate } from './certificate.js';
import { kindOf } from './extensions.js';

/**
 * Whether the names of `below` are such as `above` lets stand below it (RFC 5280 section 4.2.1.10). Only URIs are told
 * apart: where names of another kind are constrained, there may be none of that kind.
 */
export function mayName({ nameConstraints }: ReadCertificate, below: ReadCertificate): boolean {
  const { permittedSubtrees: permitted = [], excludedSubtrees: excluded = [] } = nameConstraints ?? {};
  if ([...permitted, ...excluded].some(({ base }) => below.otherNames.has(kindOf(base)))) return false;
  const [allowed, forbidden] = [urisOf(permitted), urisOf(excluded)];
  const hosts = below.uris.map(hostOf);
  const isWithin = (host: string, trees: readonly string[]) => trees.some((tree) => isHostWithin(host, tree));
  return hosts.every(
    (host) => (allowed.length === 0 || isWithin(host, allowed)) && !isWithin(host, forbidden),
  );
}

const urisOf = (trees: readonly GeneralSubtree[]): string[] =>
  trees.flatMap(({ base }) => base.uniformResourceIdentifier?.toLowerCase() ?? []);

/** Without user and port. */
const hostOf = (uri: string): string =>
  (/^[^:/?#]+:\/\/(?:[^/?#]*@)?([^/?#:@]*)/.exec(uri)?.[1] ?? '').toLowerCase();

/** A constraint with a dot before it is for what is below that host, any other for that host alone. */
const isHostWithin = (host: string, constraint: string): boolean =>
  constraint.startsWith('.')
    ? host.endsWith(constraint) && host.length > constraint.length
    : host === constraint;
