import type { Principal } from '../identity/principal.js';
import { openSeal } from '../issuance/sealing/jose-seal.js';
import type { PublicKey } from '../issuance/sealing/public-key.js';
import { Fault } from '../kernel/fault.js';
import { Secret } from '../kernel/secret.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { Grant } from './broker.js';
import type { Ports } from './ports.js';

/** How a secret is handed over. */
export interface Delivery {
  /** Thumbprint of the key that it is encrypted to; undefined when it goes in clear. */
  readonly encryptedTo?: string;
  wrap(secret: Grant['secret']): Promise<Grant['secret']>;
}

/** What no key was named for. */
export const inClear: Delivery = { wrap: (secret) => Promise.resolve(secret) };

/**
 * Nothing has been minted yet, and what is wrong with the key is told now. Throws Fault `delivery.key`.
 */
export async function openDelivery(
  { limits }: Pick<Ports, 'limits'>,
  principal: Principal,
  key: PublicKey | undefined,
): Promise<Delivery> {
  if (key === undefined) return inClear;
  const { thumbprint, seal } = await openSeal(key);
  const known = [principal.provedBy, principal.encryptionKey];
  if (!limits.encryptToAnyKey && !known.includes(thumbprint))
    throw new Fault('delivery.key', 'The key is not known to be that of the agent.', {
      errors: [
        {
          pointer: '/encryptTo',
          detail: 'neither the key of the proof (DPoP), nor one that the token names',
        },
      ],
    });
  return {
    encryptedTo: thumbprint,
    wrap: async (secret) => new Secret({ jwe: await seal(secret.reveal()) }),
  };
}

/** Throws Fault `delivery.encrypted` where the entry is never handed over in clear. */
export function checkDelivery(entry: CatalogEntry, { encryptedTo }: Delivery): void {
  if (entry.deliver === 'encrypted' && encryptedTo === undefined)
    throw new Fault(
      'delivery.encrypted',
      'This catalog entry is handed over encrypted, and to no key otherwise.',
      {
        errors: [{ pointer: '/encryptTo', detail: 'required' }],
      },
    );
}
