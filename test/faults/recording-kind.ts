import { Agent, request } from 'undici';
import { z } from 'zod';
import { defineProvider } from '../../src/issuance/provider.js';
import type { Handle, Provider } from '../../src/issuance/provider.js';
import { Fault } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { Secret } from '../../src/kernel/secret.js';
import { passes } from './crash-points.js';
import type { Call } from './recording-provider.js';

const settings = z.strictObject({ address: z.string(), timeoutMs: z.number().default(2000) });

const refusals: Record<number, FaultCode> = {
  403: 'provider.refused',
  429: 'provider.throttled',
  503: 'provider.unavailable',
};

/** Protem's side of the recording provider. */
export const recordingKind = defineProvider({ kind: 'recording', settings, scope: z.strictObject({}), open });

type Ask = (call: Call, body: object) => Promise<{ status: number; body: Record<string, unknown> }>;

function open(name: string, { address, timeoutMs }: z.output<typeof settings>): Provider<object> {
  const dispatcher = new Agent({ connections: 64, pipelining: 1 });
  const ask: Ask = async (call, body) => {
    passes(call, 'before');
    const answer = await request(`${address}/${call}`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-process': String(process.pid) },
      headersTimeout: timeoutMs,
      body: JSON.stringify(body),
    }).catch((cause: unknown) => {
      const late = cause instanceof Error && cause.name === 'HeadersTimeoutError';
      throw new Fault(late ? 'provider.timeout' : 'provider.unavailable', 'No answer.', { cause });
    });
    const text = await answer.body.text();
    passes(call, 'after');
    const refused = refusals[answer.statusCode];
    const { 'retry-after': retryAfter } = answer.headers;
    if (refused)
      throw new Fault(refused, 'The recording provider refused.', {
        ...(retryAfter !== undefined && { retryAfterSeconds: Number(retryAfter) }),
      });
    return { status: answer.statusCode, body: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  return {
    ...{ name, kind: 'recording', minimumTtlSeconds: () => 1, maximumTtlSeconds: 86_400 },
    effect: () => 'revoked_at_provider',
    plan: ({ leaseId }) => ({ lease: leaseId }),
    async issue({ leaseId: lease, ttlSeconds }, _handle, learn) {
      const { accessor } = (await ask('make-token', { lease, ttlSeconds })).body as { accessor: string };
      await learn({ lease, accessor });
      const { endsAt, ...secret } = (await ask('make-credential', { lease, accessor, ttlSeconds })).body;
      return { secret: new Secret(secret), expiresAt: Number(endsAt) };
    },
    revoke: (handle) => takeBack(ask, handle),
    check: () => Promise.resolve(),
    close: () => dispatcher.close(),
  };
}

/** The credential first, then its token; each is tried although the other failed. */
async function takeBack(ask: Ask, { lease, accessor }: Handle) {
  const accessors =
    accessor === undefined
      ? ((await ask('find-tokens', { lease })).body as { accessors: string[] }).accessors
      : [accessor];
  let queued = false;
  const failures: unknown[] = [];
  for (const call of ['take-credential', 'take-token'] as const)
    for (const name of accessors)
      await ask(call, { lease, accessor: name }).then(
        ({ status }) => (queued ||= status === 202),
        (error: unknown) => failures.push(error),
      );
  if (failures.length > 0) throw failures[0];
  return queued ? { is: 'pending' as const, againAfterSeconds: 1 } : { is: 'revoked' as const };
}
