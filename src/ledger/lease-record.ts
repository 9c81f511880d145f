import type { Handle, RevocationEffect } from '../issuance/provider.js';
import type { Lease, LeaseState, NewLease, RevocationCause } from '../lease/lease.js';
import type { ParameterValues } from '../policy/catalog.js';

/**
 * How a lease is spelled in Redis: `<head>\n<body>`, both JSON with short names, about 330 bytes with its key.
 * The head is what scripts change; the body is written once (and once more when the handle is learned).
 */
interface Head {
  s: string;
  p: string;
  o: number;
  e: number;
  f: string;
  m?: number;
  u?: 1;
  c?: RevocationCause;
  q?: number;
  w?: number;
  n?: number;
  l?: string;
  z?: number;
  y?: number;
  g?: number;
  x?: number;
  j?: number;
  k?: number;
}

interface Body {
  /** agent, catalog entry, handle, parameters, tool, reason */
  a: string;
  c: string;
  h: Handle;
  p?: ParameterValues;
  t?: string;
  r?: string;
}

const states: Record<string, LeaseState> = {
  r: 'reserved',
  a: 'active',
  v: 'revoking',
  k: 'stuck',
  d: 'revoked',
  x: 'expired',
};
const effects: Record<string, RevocationEffect> = {
  r: 'revoked_at_provider',
  d: 'denied_by_policy',
  s: 'stops_renewing',
  e: 'expires_only',
};

const effectCodes = new Map(Object.entries(effects).map(([code, effect]) => [effect, code]));

export const effectCode = (effect: RevocationEffect): string => effectCodes.get(effect)!;

export const stateOfCode = (code: string): LeaseState | undefined => states[code];

export function bodyText(
  lease: Pick<NewLease, 'agent' | 'entry' | 'handle' | 'parameters' | 'tool' | 'reason'>,
): string {
  const body: Body = { a: lease.agent, c: lease.entry, h: lease.handle };
  if (Object.keys(lease.parameters).length > 0) body.p = lease.parameters;
  if (lease.tool !== undefined) body.t = lease.tool;
  if (lease.reason !== undefined) body.r = lease.reason;
  return JSON.stringify(body);
}

/** Undefined when the text is not a lease: such a record is kept aside by the claim, never guessed at. */
export function parseLease(id: string, text: string): Lease | undefined {
  const cut = text.indexOf('\n');
  if (cut < 0) return undefined;
  try {
    const head = JSON.parse(text.slice(0, cut)) as Head;
    const body = JSON.parse(text.slice(cut + 1)) as Body;
    const state = states[head.s];
    const effect = effects[head.f];
    if (!state || !effect || typeof body.a !== 'string') return undefined;
    return {
      id,
      taskId: `tsk_${id.slice(4, 12)}`,
      agent: body.a,
      entry: body.c,
      provider: head.p,
      parameters: body.p ?? {},
      ...(body.t !== undefined && { tool: body.t }),
      ...(body.r !== undefined && { reason: body.r }),
      handle: body.h,
      effect,
      state,
      reservedAt: head.o,
      expiresAt: head.e,
      attempts: head.n ?? 0,
      ...(head.y !== undefined && { ceilingAt: head.y }),
      ...(head.g !== undefined && { mayLiveUntil: head.g }),
      ...(head.x !== undefined && { renewedAt: head.x }),
      ...(head.j !== undefined && { renewals: head.j }),
      ...(head.m !== undefined && { mintUntil: head.m }),
      ...(head.u !== undefined && { unending: true as const }),
      ...(head.c !== undefined && { cause: head.c }),
      ...(head.q !== undefined && { revocationRequestedAt: head.q }),
      ...(head.w !== undefined && { writtenAt: head.w }),
      ...(head.l !== undefined && { lastFault: head.l }),
      ...(head.z !== undefined && { endedAt: head.z }),
    };
  } catch {
    return undefined;
  }
}
