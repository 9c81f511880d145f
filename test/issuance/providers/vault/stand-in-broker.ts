import { readFileSync } from 'node:fs';
import { request } from 'undici';
import { newLeaseId, newTaskId } from '../../../../src/kernel/id.js';
import { Secret } from '../../../../src/kernel/secret.js';
import type { Order } from '../../../../src/issuance/provider.js';
import { scope, type VaultScope } from '../../../../src/issuance/providers/vault/scope.js';
import { settings, type VaultSettings } from '../../../../src/issuance/providers/vault/settings.js';
import {
  startVaultStandIn,
  type VaultStandIn,
  type VaultStandInOptions,
} from '../../../../src/sandbox/vault/stand-in.js';

/** The policies that README.md tells an operator to write, so that the tests live with those alone. */
export function documentedPolicies(): Record<string, string> {
  const text = readFileSync('src/issuance/providers/vault/README.md', 'utf8');
  const blocks = [...text.matchAll(/```hcl\n# policy "([\w-]+)"\n([^`]*)```/g)];
  return Object.fromEntries(blocks.map(([, name = '', policy = '']) => [name, policy]));
}

export const entryPolicies = {
  reports: 'path "database/creds/reports" { capabilities = ["read"] }',
  config: 'path "kv/app" { capabilities = ["read"] }\npath "secret/data/app" { capabilities = ["read"] }',
};

export const standInSeed: VaultStandInOptions = {
  policies: { ...entryPolicies },
  databaseRoles: { reports: { ttlSeconds: 3600 } },
  kv1: { app: { password: 'kv-one-password' } },
  kv2: { app: { password: 'kv-two-password' } },
};

export const parseSettings = (vault: VaultStandIn, more: Record<string, unknown> = {}): VaultSettings =>
  settings.parse({
    address: vault.url,
    auth: { method: 'token', token: vault.rootToken },
    timeout: '20s',
    revocationTimeout: '20s',
    ...more,
  });

export const orderOf = (entry: Record<string, unknown>, ttlSeconds = 900): Order<VaultScope> => {
  const taskId = newTaskId();
  return {
    leaseId: newLeaseId(taskId),
    taskId,
    agent: 'spiffe://example.org/agent/reporter',
    entry: 'reports-reader',
    scope: scope.parse(entry),
    ttlSeconds,
    ceilingSeconds: Math.max(ttlSeconds, 3600),
  };
};

export const reports = { policies: ['reports'], path: 'database/creds/reports' };

/** A token of the stand-in with these policies, as an operator would make it for the broker. */
export async function tokenWith(
  vault: VaultStandIn,
  policies: readonly string[],
  ttl = '1h',
): Promise<Secret> {
  const { auth } = await ask(vault, 'auth/token/create-orphan', { policies, ttl });
  return new Secret((auth as { client_token: string }).client_token);
}

/** Asks the stand-in directly, as root or with another token. */
export async function ask(
  vault: Pick<VaultStandIn, 'url' | 'rootToken'>,
  path: string,
  body?: object,
  token: string = vault.rootToken.reveal(),
): Promise<Record<string, unknown> & { status: number }> {
  const response = await request(`${vault.url}/v1/${path}`, {
    reset: true,
    method: body ? 'POST' : 'GET',
    headers: { 'X-Vault-Token': token },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.body.text();
  return { ...(text ? (JSON.parse(text) as object) : {}), status: response.statusCode };
}

/** Tokens whose metadata name the lease. */
export async function tokensOf(
  vault: Pick<VaultStandIn, 'url' | 'rootToken'>,
  leaseId: string,
): Promise<number> {
  const { data } = await ask(vault, 'auth/token/accessors?list=true');
  let count = 0;
  for (const accessor of (data as { keys: string[] }).keys) {
    const found = await ask(vault, 'auth/token/lookup-accessor', { accessor });
    if ((found['data'] as { meta?: { lease?: string } } | undefined)?.meta?.lease === leaseId) count++;
  }
  return count;
}

/** Whether the database lets this user in. */
export async function connects(
  vault: VaultStandIn,
  secret: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const basic = Buffer.from(`${String(secret['username'])}:${String(secret['password'])}`).toString('base64');
  const { status } = await fetch(vault.databaseUrl, { headers: { authorization: `Basic ${basic}` } });
  if (status !== 200 && status !== 401) throw new Error(`the database answered ${status}`);
  return status === 200;
}

export const startSeeded = (more: VaultStandInOptions = {}): Promise<VaultStandIn> =>
  startVaultStandIn({ ...standInSeed, ...more, policies: { ...standInSeed.policies, ...more.policies } });
