import { AsnConvert } from '@peculiar/asn1-schema';
import {
  BasicConstraints,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import type { Extension, GeneralName, Name, TBSCertificate } from '@peculiar/asn1-x509';

/** What is understood of the extensions of a certificate (RFC 5280 section 4.2.1). */
export interface Extensions {
  readonly isAuthority: boolean;
  /** How many others may stand between it and the last of a path. */
  readonly pathLength: number | undefined;
  /** Absent where it does not say. */
  readonly keyUsage:
    { readonly isCritical: boolean; readonly has: (flag: KeyUsageFlags) => boolean } | undefined;
  /** Where it says what else it is for, whether both ends of TLS are among that. */
  readonly isForTls: boolean;
  /** Where it says so, whether what it signs may be for clients. */
  readonly isAboveClients: boolean;
  /** Every URI among the alternative names, as it is spelled. */
  readonly uris: readonly string[];
  /** Of what kinds its names are, its subject among them, but for URIs. */
  readonly otherNames: ReadonlySet<NameKind>;
  readonly nameConstraints: NameConstraints | undefined;
  /** Whether something that is not understood is critical. */
  readonly insistsOnUnknown: boolean;
}

const nameKinds = [
  ...(['dNSName', 'iPAddress', 'rfc822Name', 'directoryName', 'uniformResourceIdentifier'] as const),
  ...(['registeredID', 'x400Address', 'ediPartyName', 'otherName'] as const),
] as const;
export type NameKind = (typeof nameKinds)[number];

const mostNames = 64;
const anyPurpose = '2.5.29.37.0';
const emailAddress = '1.2.840.113549.1.9.1';
/** With a dot before it, for all hosts below it. */
const plainHost = /^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i;
const saysNoAuthority = Buffer.from('3003010100', 'hex');

const understood: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_nameConstraints,
  id_ce_extKeyUsage,
]);

/** Throws where one stands twice, or is not what it should be to the last byte. */
export function readExtensions({ extensions: all = [], subject }: TBSCertificate): Extensions {
  const ids = all.map(({ extnID }) => extnID);
  if (new Set(ids).size !== ids.length) throw new TypeError('an extension stands twice');
  const found = (id: string) => all.find(({ extnID }) => extnID === id);
  const constraints = valueOf(found(id_ce_basicConstraints), BasicConstraints);
  const usage = valueOf(found(id_ce_keyUsage), KeyUsage);
  const flags = usage?.toNumber() ?? 0;
  mustHoldFew(found(id_ce_extKeyUsage), found(id_ce_subjectAltName), found(id_ce_nameConstraints));
  const purposes = valueOf(found(id_ce_extKeyUsage), ExtendedKeyUsage);
  const names = valueOf(found(id_ce_subjectAltName), SubjectAlternativeName) ?? [];
  const uris = names.flatMap(({ uniformResourceIdentifier: uri }) => uri ?? []);
  return {
    isAuthority: constraints?.cA === true,
    pathLength: constraints?.pathLenConstraint,
    keyUsage: usage && {
      isCritical: found(id_ce_keyUsage)!.critical,
      has: (flag) => (flags & flag) !== 0,
    },
    isForTls: !purposes || [id_kp_clientAuth, id_kp_serverAuth].every((one) => purposes.includes(one)),
    isAboveClients: !purposes || [id_kp_clientAuth, anyPurpose].some((one) => purposes.includes(one)),
    uris,
    otherNames: otherKinds(names, subject),
    nameConstraints: readable(valueOf(found(id_ce_nameConstraints), NameConstraints)),
    insistsOnUnknown: all.some(({ critical, extnID }) => critical && !understood.has(extnID)),
  };
}

/** Counted before they are read, which costs a thousand times as much. */
function mustHoldFew(...lists: readonly (Extension | undefined)[]): void {
  for (const list of lists) {
    if (!list) continue;
    const [items = new Uint8Array()] = valuesIn(new Uint8Array(list.extnValue.buffer));
    // Constraints are two lists, and nothing else in here has parts of its own that are many.
    const parts = valuesIn(items);
    if (list.extnID === id_ce_nameConstraints) parts.forEach(valuesIn);
  }
}

/** What stands one behind the other, as DER spells it in tags of one byte. Throws where it is more than anybody has. */
function valuesIn(bytes: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const said = bytes[at + 1] ?? 0;
    const octets = said < 0x80 ? 0 : said & 0x7f;
    if ((said >= 0x80 && octets === 0) || octets > 3)
      throw new TypeError('a length that is not spelled as DER');
    const from = at + 2 + octets;
    const length = octets === 0 ? said : Buffer.from(bytes.subarray(at + 2, from)).readUIntBE(0, octets);
    if (from + length > bytes.length || values.length === mostNames)
      throw new TypeError('more names than anybody has, or less than is said');
    values.push(bytes.subarray(from, from + length));
    at = from + length;
  }
  return values;
}

/** The subject is a directory name; one with an address of mail in it counts as such as well (section 4.2.1.10). */
function otherKinds(names: Iterable<GeneralName>, subject: Name): ReadonlySet<NameKind> {
  const kinds = new Set([...names].map(kindOf));
  if (subject.length > 0) kinds.add('directoryName');
  if (subject.some((one) => one.some(({ type }) => type === emailAddress))) kinds.add('rfc822Name');
  kinds.delete('uniformResourceIdentifier');
  return kinds;
}

export const kindOf = (name: GeneralName): NameKind =>
  nameKinds.find((kind) => name[kind] !== undefined) ?? 'otherName';

/** Hosts are all that is understood of URIs; nothing uses the distances, and they must not be there (section 4.2.1.10). */
function readable(constraints: NameConstraints | undefined): NameConstraints | undefined {
  const trees = [...(constraints?.permittedSubtrees ?? []), ...(constraints?.excludedSubtrees ?? [])];
  for (const { base, minimum, maximum } of trees) {
    const uri = base.uniformResourceIdentifier;
    if (minimum !== 0 || maximum !== undefined || (uri !== undefined && !plainHost.test(uri)))
      throw new TypeError('a constraint of names that is not understood');
  }
  return constraints;
}

function valueOf<Value>(extension: Extension | undefined, as: new () => Value): Value | undefined {
  if (!extension) return undefined;
  const { buffer } = extension.extnValue;
  const spelled = Buffer.from(buffer);
  const value = AsnConvert.parse(buffer, as);
  // What is the default need not be said, and older authorities say it.
  if (spelled.equals(saysNoAuthority)) return value;
  if (!Buffer.from(AsnConvert.serialize(value)).equals(spelled))
    throw new TypeError('an extension is not spelled as DER');
  return value;
}

/** X509-SVID section 4: signs as a TLS client does, and neither certificates nor lists. */
export const isForClients = ({ keyUsage, isAuthority, isForTls }: Extensions): boolean =>
  keyUsage?.isCritical === true &&
  keyUsage.has(KeyUsageFlags.digitalSignature) &&
  !keyUsage.has(KeyUsageFlags.keyCertSign) &&
  !keyUsage.has(KeyUsageFlags.cRLSign) &&
  !isAuthority &&
  isForTls;

/** RFC 5280 sections 4.2.1.3 and 4.2.1.9. */
export const maySignCertificates = ({ keyUsage, isAuthority }: Extensions): boolean =>
  isAuthority && (keyUsage?.has(KeyUsageFlags.keyCertSign) ?? true);
