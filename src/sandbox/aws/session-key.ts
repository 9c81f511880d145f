import { randomBytes } from 'node:crypto';
import { type Session, uniqueId, type World } from './world.js';

/** Makes the access key of a session. */
export function addKey({ keys }: World, session: Session, now: number): { id: string; secret: string } {
  for (const [id, { owner }] of keys) {
    // Sessions stand in the order they were made; an hour after its end one is forgotten.
    if (!('session' in owner)) continue;
    if (owner.session.expiresAt + 3_600_000 > now) break;
    keys.delete(id);
  }
  const id = uniqueId('ASIA', 16);
  const secret = randomBytes(30).toString('base64');
  keys.set(id, { secret, owner: { session } });
  return { id, secret };
}
