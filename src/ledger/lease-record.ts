import type { Handle, RevocationEffect } from '../issuance/provider.js';
import type { Lease, LeaseState, NewLease, RevocationCause } from '../lease/lease.js';
import type { ParameterValues } from '../policy/catalog.js';

/**
 * How a lease is spelled in Redis: `<head>\n<body>`, both JSON, about 270 bytes without its key.
 * The head is what scripts change; the body is written once (and once more when the handle is learned).
 * lease.lua says what stands for what: moments are told from one another, as most are close together.
 */
type Head = readonly [
  stateAndEffect: string,
  provider: string,
  reservedAt: number,
  lifeMs: number,
  others?: {
    readonly m?: number;
    readonly u?: 1;
    readonly c?: RevocationCause;
    readonly q?: number;
    readonly w?: number;
    readonly n?: number;
    readonly l?: string;
    readonly z?: number;
    readonly y?: number;
    readonly g?: number;
    readonly x?: number;
    readonly j?: number;
    readonly r?: { readonly e: number };
  },
];

interface Body {
  /** agent, catalog entry, handle, parameters, tool, reason, step, actors; a handle mostly names its lease: see `ownId` */
  a: string;
  c: string;
  h: Handle;
  p?: ParameterValues;
  t?: string;
  r?: string;
  s?: string;
  o?: readonly string[];
  /** approval; taken in an emergency */
  i?: string;
  b?: 1;
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

/** What stands for the lease's own id in its handle; what begins like it gets one more. */
const ownId = '=';

const shorten = (id: string, handle: Handle): Handle =>
  replaced(handle, (text) => (text === id ? ownId : text.startsWith(ownId) ? ownId + text : text));

const spellOut = (id: string, handle: Handle): Handle =>
  replaced(handle, (text) => (text === ownId ? id : text.startsWith(ownId) ? text.slice(1) : text));

function replaced(handle: Handle, by: (text: string) => string): Handle {
  const other: Record<string, Handle[string]> = {};
  for (const [name, value] of Object.entries(handle))
    other[name] = typeof value === 'string' ? by(value) : value;
  return other;
}

export function bodyText(
  lease: Pick<
    NewLease,
    | 'id'
    | 'agent'
    | 'entry'
    | 'handle'
    | 'parameters'
    | 'tool'
    | 'reason'
    | 'step'
    | 'actors'
    | 'approval'
    | 'breakGlass'
  >,
): string {
  const body: Body = { a: lease.agent, c: lease.entry, h: shorten(lease.id, lease.handle) };
  if (Object.keys(lease.parameters).length > 0) body.p = lease.parameters;
  if (lease.tool !== undefined) body.t = lease.tool;
  if (lease.reason !== undefined) body.r = lease.reason;
  if (lease.step !== undefined) body.s = lease.step;
  if (lease.actors !== undefined) body.o = lease.actors;
  if (lease.approval !== undefined) body.i = lease.approval;
  if (lease.breakGlass) body.b = 1;
  return JSON.stringify(body);
}

/** Undefined when the text is not a lease: such a record is kept aside by the claim, never guessed at. */
export function parseLease(id: string, text: string): Lease | undefined {
  const cut = text.indexOf('\n');
  if (cut < 0) return undefined;
  try {
    const head = JSON.parse(text.slice(0, cut)) as Head;
    const body = JSON.parse(text.slice(cut + 1)) as Body;
    const lease = shortLease(id, head, body);
    if (!lease) return undefined;
    addOfBody(lease, body);
    if (head[4]) addOfHead(lease, head[4]);
    return lease;
  } catch {
    return undefined;
  }
}

type Growing = { -readonly [Member in keyof Lease]: Lease[Member] };

/** What every lease has. Members are added one by one: what is spread together is slow to make and to read. */
function shortLease(id: string, [is, provider, reservedAt, lifeMs, others]: Head, body: Body) {
  const state = states[is.charAt(0)];
  const effect = effects[is.slice(1)];
  const expiresAt = reservedAt + lifeMs;
  if (!state || !effect || !Number.isFinite(expiresAt) || typeof body.a !== 'string') return undefined;
  const lease: Growing = {
    id,
    taskId: `tsk_${id.slice(4, 12)}`,
    agent: body.a,
    entry: body.c,
    provider,
    parameters: body.p ?? {},
    handle: spellOut(id, body.h),
    effect,
    state,
    reservedAt,
    expiresAt,
    attempts: others?.n ?? 0,
    ceilingAt: expiresAt + (others?.y ?? 0),
  };
  return lease;
}

function addOfBody(lease: Growing, { t, r, s, o, i, b }: Body): void {
  if (t !== undefined) lease.tool = t;
  if (r !== undefined) lease.reason = r;
  if (s !== undefined) lease.step = s;
  if (o !== undefined) lease.actors = o;
  if (i !== undefined) lease.approval = i;
  if (b !== undefined) lease.breakGlass = true;
}

function addOfHead(lease: Growing, others: NonNullable<Head[4]>): void {
  const { reservedAt, expiresAt } = lease;
  const { g, x, j, r, m, u, c, q, w, l, z } = others;
  if (g !== undefined) lease.mayLiveUntil = expiresAt + g;
  if (x !== undefined) lease.renewedAt = reservedAt + x;
  if (j !== undefined) lease.renewals = j;
  if (r !== undefined) lease.renewingTo = r.e;
  if (m !== undefined) lease.mintUntil = reservedAt + m;
  if (u !== undefined) lease.unending = true;
  if (c !== undefined) lease.cause = c;
  if (q !== undefined) lease.revocationRequestedAt = reservedAt + q;
  if (w !== undefined) lease.writtenAt = reservedAt + w;
  if (l !== undefined) lease.lastFault = l;
  if (z !== undefined) lease.endedAt = reservedAt + z;
}
