import type { GeneralSubtree } from '@peculiar/asn1-x509';
import type { ReadCertificate } from './certificate.js';

/**
 * Whether the names of `below` are such as `above` lets stand below it (RFC 5280 section 4.2.1.10). Only URIs are told
 * apart: where the names of another kind are constrained and there are some, that is a no.
 */
export function mayName(above: ReadCertificate, below: ReadCertificate): boolean {
  const { permittedSubtrees: permitted = [], excludedSubtrees: excluded = [] } = above.nameConstraints ?? {};
  const isOther = ({ base }: GeneralSubtree) => base.uniformResourceIdentifier === undefined;
  const hasOthers = below.hasOtherNames || below.x509.subject !== '';
  if (hasOthers && [...permitted, ...excluded].some(isOther)) return false;
  const within = (uri: string, trees: readonly GeneralSubtree[]) =>
    trees.some(({ base }) => isHostWithin(hostOf(uri), base.uniformResourceIdentifier ?? ''));
  const uriTrees = permitted.filter((tree) => !isOther(tree));
  return below.uris.every(
    (uri) =>
      (uriTrees.length === 0 || within(uri, uriTrees)) &&
      !within(
        uri,
        excluded.filter((tree) => !isOther(tree)),
      ),
  );
}

const hostOf = (uri: string): string => (/^[^:/?#]+:\/\/([^/?#]*)/.exec(uri)?.[1] ?? '').toLowerCase();

/** A constraint with a dot before it is for what is below that host, any other for that host alone. */
const isHostWithin = (host: string, constraint: string): boolean => {
  const wanted = constraint.toLowerCase();
  return wanted.startsWith('.') ? host.endsWith(wanted) && host.length > wanted.length : host === wanted;
};
