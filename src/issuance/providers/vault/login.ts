import { z } from 'zod';
import type { Clock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import { Secret } from '../../../kernel/secret.js';
import type { Held } from './broker-token.js';
import type { Answered, VaultClient } from './client.js';
import type { VaultAuth } from './settings.js';

/** The part of a login's and of a renewal's answer that says what the token is. */
const authAnswer = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().int().nonnegative(),
    renewable: z.boolean(),
  }),
});

const lookupAnswer = z.object({
  data: z.object({ ttl: z.number().int().nonnegative(), renewable: z.boolean().optional() }),
});

export interface LoginWorld {
  readonly client: VaultClient;
  readonly clock: Clock;
  readonly readText: (path: string) => Promise<string>;
}

/** Logs the broker in by the configured method. Throws Faults `provider.*`. */
export async function login(auth: VaultAuth, world: LoginWorld): Promise<Held> {
  if (auth.method === 'token') return lookUp(auth.token, world);
  const { body, secrets } = await credentialsOf(auth, world);
  const answer = await world.client.call({
    act: `log the broker in by ${auth.method}`,
    method: 'POST',
    path: `auth/${auth.mount}/login`,
    body,
    secrets,
  });
  return heldOf(answer, world.clock);
}

/** Lengthens the life of the broker's token; a fault `provider.refused` means that it cannot be. */
export async function renewSelf(token: Secret, world: LoginWorld): Promise<Held> {
  const answer = await world.client.call({
    act: 'renew the token of the broker',
    method: 'POST',
    path: 'auth/token/renew-self',
    token,
    body: {},
  });
  return heldOf(answer, world.clock);
}

async function credentialsOf(auth: Exclude<VaultAuth, { method: 'token' }>, { readText }: LoginWorld) {
  if (auth.method === 'approle') {
    const secretId = auth.secretId;
    return {
      body: { role_id: auth.roleId, ...(secretId ? { secret_id: secretId.reveal() } : {}) },
      secrets: secretId ? [secretId] : [],
    };
  }
  const jwt = new Secret((await read(auth.tokenFile, readText)).trim());
  return { body: { role: auth.role, jwt: jwt.reveal() }, secrets: [jwt] };
}

async function read(path: string, readText: LoginWorld['readText']): Promise<string> {
  try {
    return await readText(path);
  } catch (cause) {
    throw new Fault('provider.unavailable', 'The broker has no token to log in to Vault with.', {
      reason: `the token file ${path} cannot be read`,
      cause,
    });
  }
}

async function lookUp(token: Secret, { client, clock }: LoginWorld): Promise<Held> {
  const act = 'look up the token of the broker';
  const { body } = await client.call({ act, method: 'GET', path: 'auth/token/lookup-self', token });
  const looked = lookupAnswer.safeParse(body);
  if (!looked.success) throw unintelligible(act);
  const { ttl, renewable = false } = looked.data.data;
  return { token, renewable, lifeMs: ttl * 1000, endsAt: ttl === 0 ? Infinity : clock() + ttl * 1000 };
}

function heldOf({ body }: Answered, clock: Clock): Held {
  const answer = authAnswer.safeParse(body);
  if (!answer.success) throw unintelligible('log the broker in');
  const { client_token, lease_duration, renewable } = answer.data.auth;
  return {
    token: new Secret(client_token),
    renewable,
    lifeMs: lease_duration * 1000,
    endsAt: lease_duration === 0 ? Infinity : clock() + lease_duration * 1000,
  };
}

export const unintelligible = (act: string): Fault =>
  new Fault('provider.nonsense', `Vault answered something unintelligible when asked to ${act}.`, {
    reason: `${act}: the answer lacks fields, or has others than it should`,
  });
