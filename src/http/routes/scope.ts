import type { Scope } from '../../revocation/withdrawal.js';
import type { revocationRequest } from '../../wire/revocation.js';

/** The one that is named; the shape has seen to it that it is one. */
export function scopeOf(request: ReturnType<typeof revocationRequest.parse>): Scope {
  const { task, agent, owner, provider, credential: entry, issuer } = request;
  for (const [of, name] of Object.entries({ task, agent, owner, provider, entry, issuer }))
    if (name !== undefined) return { of: of as Scope['of'], name };
  return { of: 'all', name: '' };
}
