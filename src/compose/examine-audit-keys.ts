import type { Finding } from '../cli/aws-check.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Settings } from '../settings/load.js';
import { openSigner } from './open-signer.js';
import { troubled } from './tried.js';

const role = 'audit key';
const atOnce = 1000;

/** Checkpoints that one key has signed, by their places in the chain. */
interface Signed {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** Whether those who verify the audit log are told every key that has signed a checkpoint which is stored. */
export async function examineAuditKeys(
  settings: Pick<Settings, 'audit'>,
  { checkpoints }: Pick<Ledger, 'checkpoints'>,
): Promise<Finding[]> {
  try {
    const signer = await openSigner(settings);
    const published = new Set(signer?.keys.keys.map(({ kid }) => kid));
    const signed = await signedBy(checkpoints);
    const missing = [...signed].filter(([kid]) => !published.has(kid));
    if (missing.length > 0)
      return missing.map(([kid, those]) => unpublished(kid, those, signer !== undefined));
    if (!signer) return [];
    const count = [...signed.values()].reduce((sum, those) => sum + those.count, 0);
    return [
      { role, is: 'ok', what: `each of ${count} stored checkpoints is signed by a key that is published` },
    ];
  } catch (error) {
    return [troubled(role, error)];
  }
}

async function signedBy(checkpoints: Ledger['checkpoints']): Promise<ReadonlyMap<string, Signed>> {
  const found = new Map<string, Signed>();
  for (let from = 0; ;) {
    const some = await checkpoints.after(from, atOnce);
    for (const { seq, jws } of some) {
      const kid = kidOf(jws);
      const { first = seq, count = 0 } = found.get(kid) ?? {};
      found.set(kid, { first, last: seq, count: count + 1 });
    }
    if (some.length < atOnce) return found;
    from = some.at(-1)!.seq;
  }
}

/** As its header says; whether the signature is right is for `protem audit verify`. */
function kidOf(jws: string): string {
  try {
    const { kid } = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as {
      kid?: unknown;
    };
    return String(kid);
  } catch {
    return 'unreadable';
  }
}

function unpublished(kid: string, { first, last, count }: Signed, isSigning: boolean): Finding {
  const where = first === last ? `${first}` : `${first} to ${last}`;
  const what = `the key ${kid} has signed checkpoints (${count}, at ${where}) and is not published: "protem audit verify" refuses them`;
  const remedy = isSigning
    ? 'Put its public half, as JWK, into "audit.retiredKeys": GET /v1/audit/keys had it before the change.'
    : 'Set "audit.signingKey": without one no key is published, those of "audit.retiredKeys" neither.';
  return { role, is: 'problem', what, remedy };
}
