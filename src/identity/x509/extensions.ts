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
import type { Extension } from '@peculiar/asn1-x509';

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
  /** Every URI among the alternative names, as it is spelled. */
  readonly uris: readonly string[];
  /** Whether there are alternative names that are no URIs. */
  readonly hasOtherNames: boolean;
  readonly nameConstraints: NameConstraints | undefined;
  /** Whether something that is not understood is critical. */
  readonly insistsOnUnknown: boolean;
}

const understood: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_nameConstraints,
  id_ce_extKeyUsage,
]);

/** Throws where one stands twice, or is not what it should be to the last byte. */
export function readExtensions(all: readonly Extension[]): Extensions {
  const ids = all.map(({ extnID }) => extnID);
  if (new Set(ids).size !== ids.length) throw new TypeError('an extension stands twice');
  const found = (id: string) => all.find(({ extnID }) => extnID === id);
  const constraints = valueOf(found(id_ce_basicConstraints), BasicConstraints);
  const usage = valueOf(found(id_ce_keyUsage), KeyUsage);
  const flags = usage?.toNumber() ?? 0;
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
    uris,
    hasOtherNames: uris.length < names.length,
    nameConstraints: valueOf(found(id_ce_nameConstraints), NameConstraints),
    insistsOnUnknown: all.some(({ critical, extnID }) => critical && !understood.has(extnID)),
  };
}

function valueOf<Value>(extension: Extension | undefined, as: new () => Value): Value | undefined {
  if (!extension) return undefined;
  const { buffer } = extension.extnValue;
  const value = AsnConvert.parse(buffer, as);
  if (!Buffer.from(AsnConvert.serialize(value)).equals(Buffer.from(buffer)))
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
