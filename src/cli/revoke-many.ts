import type { Verb } from './verb.js';

interface Radius {
  readonly total: number;
  readonly byProvider: Readonly<Record<string, number>>;
  readonly approvals: number;
}

interface Revocation {
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  readonly sweptAt?: string;
}

/** What revoking many leases would do. Changes nothing. */
export const radiusOf = ({ client }: Pick<Verb, 'client'>, body: object): Promise<Radius> =>
  client.call({
    method: 'POST',
    path: '/v1/revocations',
    body: { ...body, dryRun: true },
    safe: true,
  }) as Promise<Radius>;

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** What a revocation would do, in words. */
export const radiusText = ({ total, byProvider, approvals }: Radius): string => {
  const parts = Object.entries(byProvider).map(([provider, count]) => `${count} of ${provider}`);
  const leases = `${counted(total, 'lease')}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
  return `revokes ${leases}${approvals > 0 ? ` and ${counted(approvals, 'open approval')}` : ''}`;
};

export const findRevocation = ({ client }: Pick<Verb, 'client'>, id: string): Promise<Revocation> =>
  client.call({ method: 'GET', path: `/v1/revocations/${encodeURIComponent(id)}` }) as Promise<Revocation>;

interface Begun {
  readonly revocation: Revocation;
  readonly block?: { readonly by: string; readonly reason: string; readonly at: string };
}

/** A scope has one block: that of whoever stopped it first. */
function sayStopped(one: Verb, { revocation, block }: Begun): void {
  if (!block || (block.by === revocation.by && block.reason === revocation.reason)) return;
  one.say(`It was stopped already, by ${block.by} at ${block.at}: ${block.reason}. That block stands.`);
}

/** So long it is waited for the first numbers: a worker looks several times a second. */
const waitMs = 5000;
const betweenMs = 200;

/** Revokes many leases; returns when all in reach have begun to end, or after a moment, and says that it goes on. */
export async function revokeMany(one: Verb, body: object): Promise<unknown> {
  const call = { method: 'POST', path: '/v1/revocations', body, safe: true } as const;
  const begun = (await one.client.call(call)) as Begun;
  sayStopped(one, begun);
  const { pause } = await import('../sdk/call.js');
  let { revocation } = begun;
  const { id } = revocation;
  for (const endAt = Date.now() + waitMs; revocation.sweptAt === undefined && Date.now() < endAt;) {
    await pause(betweenMs);
    revocation = await findRevocation(one, id).catch(() => revocation);
  }
  if (revocation.sweptAt === undefined)
    one.say(`It goes on: "protem revocations show ${id}" says how far it is.`);
  return { ...begun, revocation };
}
