import type { CheckpointSigner } from '../audit/checkpoint.js';
import { checkpointSigner } from '../audit/jws-checkpoint.js';
import type { Settings } from '../settings/load.js';

/** Undefined without a key: then nothing is signed. Rejects where the key is none. */
export async function openSigner({ audit }: Pick<Settings, 'audit'>): Promise<CheckpointSigner | undefined> {
  return audit.signingKey && checkpointSigner(audit.signingKey.reveal() as string, audit.retiredKeys);
}
