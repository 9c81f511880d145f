import nodeVault from 'node-vault';
import type { Secret } from '../../../kernel/secret.js';
import { judge, type Answer } from './answer.js';
import { openRequester, type VaultRequest } from './requester.js';

export interface Call {
  /** What is being tried, to follow "Vault refused to". */
  readonly act: string;
  readonly method: 'GET' | 'POST';
  /** Without `/v1`, and already encoded where it holds anything but the broker's own words. */
  readonly path: string;
  readonly token?: Secret;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Asks for the answer to be wrapped. */
  readonly wrapTtlSeconds?: number;
  readonly timeoutMs?: number;
  /** Secrets that the call sends: no error repeats them. */
  readonly secrets?: readonly Secret[];
}

export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One Vault server and namespace. A call throws Faults `provider.*`; every 2xx is an answer, 202 too. */
export interface VaultClient {
  call(call: Call): Promise<Answered>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly caFile?: string | undefined;
  readonly timeoutMs: number;
  readonly connections: number;
}

/**
 * node-vault 0.12 with everything that it would take from its surroundings put aside: no generated commands (they
 * replace the client's token by the one they create, and drop fields), no token of its own (each call brings one),
 * no environment, no debug output (it holds bodies), and our requester for its HTTP.
 */
export function openClient(options: ClientOptions): VaultClient {
  const requester = openRequester(options);
  const vault = nodeVault({
    endpoint: options.address,
    apiVersion: 'v1',
    commands: {},
    debug: () => {},
    'request-promise': { defaults: () => requester },
  } as unknown as nodeVault.VaultOptions);
  Object.assign(vault, { token: '', namespace: options.namespace ?? '', pathPrefix: '' });
  vault.handleVaultResponse = (answer) => Promise.resolve(answer);

  return {
    async call({ act, method, path, token, body, wrapTtlSeconds, timeoutMs, secrets = [] }) {
      const headers: Record<string, string> = { 'X-Vault-Request': 'true' };
      if (token) headers['X-Vault-Token'] = token.reveal();
      if (wrapTtlSeconds !== undefined) headers['X-Vault-Wrap-TTL'] = `${wrapTtlSeconds}s`;
      const answer = (await vault.request({
        method,
        path: `/${path}`,
        headers,
        act,
        timeoutMs: timeoutMs ?? options.timeoutMs,
        ...(body ? { json: body } : {}),
      } satisfies Omit<VaultRequest, 'uri'> & { path: string })) as Answer;
      return { status: answer.status, body: judge(act, answer, token ? [token, ...secrets] : secrets) };
    },
    close: () => requester.close(),
  };
}
