import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ProtemClient } from '../sdk/client.js';
import type { PendingApproval } from '../sdk/protem-fault.js';
import type { ClientOptions } from '../sdk/client.js';
import { printingFetch } from './curl.js';
import { exchangeBy, showsCertificate } from './exchange.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

/** Options of every verb that speaks to a broker. */
export interface ConnectOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly tokenCommand?: string;
  readonly curl?: boolean;
  readonly quiet?: boolean;
}

/** How long the answer of a token command is used: it may be slow, and tokens live for minutes. */
const commandFreshMs = 30_000;

/** A client of the broker that flags and environment name. @throws UsageError */
export function connect(
  terminal: Terminal,
  options: ConnectOptions,
  more: Partial<ClientOptions> = {},
): ProtemClient {
  const { environment } = terminal;
  const url = options.url ?? environment['PROTEM_URL'];
  if (url === undefined || url === '')
    throw new UsageError('Where is the broker? Give --url or set PROTEM_URL.');
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new UsageError(`"${url}" is not the address of a broker: it begins with https:// or http://.`);
  const token = tokenOf(environment, options);
  if (token === undefined && url.startsWith('http:'))
    throw new UsageError('A certificate is shown over https only. Give a token, or an https:// address.');
  const onApprovalPending = ({ id, url }: PendingApproval) => {
    terminal.err.write(`A person has to approve this: ${url}\n`);
    terminal.err.write(
      `Breaking off leaves the question open: ask the same again to go on, or take it back: protem approvals cancel ${id}\n`,
    );
  };
  const printing = options.curl && { fetch: printingFetch(terminal, url), attempts: 1, releaseOnExit: false };
  try {
    return new ProtemClient({
      url,
      token,
      onApprovalPending,
      fetch: exchangeBy(environment),
      releaseOnExit: false,
      ...more,
      ...printing,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Reads the token anew for each request. A token is never a flag: others on the machine see those. Undefined where a
 * certificate is shown in its place. @throws UsageError
 */
export function tokenOf(
  environment: Terminal['environment'],
  options: ConnectOptions,
): (() => Promise<string>) | undefined {
  const command = options.tokenCommand ?? environment['PROTEM_TOKEN_COMMAND'];
  if (options.tokenFile === undefined && command !== undefined) return byCommand(command);
  const file = options.tokenFile ?? environment['PROTEM_TOKEN_FILE'];
  if (file !== undefined) return async () => (await readFile(file, 'utf8')).trim();
  const token = environment['PROTEM_TOKEN'];
  if (token !== undefined && token !== '') return () => Promise.resolve(token.trim());
  if (showsCertificate(environment)) return undefined;
  if (options.curl) return () => Promise.resolve('');
  throw new UsageError(
    'Who are you? Set PROTEM_TOKEN_FILE (or PROTEM_TOKEN), or give --token-file or --token-command; or name a certificate and its key (PROTEM_CERTIFICATE_FILE, PROTEM_PRIVATE_KEY_FILE).',
  );
}

function byCommand(command: string): () => Promise<string> {
  let read: { readonly at: number; readonly token: Promise<string> } | undefined;
  return () => {
    if (!read || performance.now() - read.at > commandFreshMs) {
      const token = promisify(execFile)('/bin/sh', ['-c', command]).then(
        ({ stdout }) => stdout.trim(),
        // Not kept as the cause: what it printed may be half a token.
        () => {
          read = undefined;
          throw new Error('The token command failed.');
        },
      );
      read = { at: performance.now(), token };
    }
    return read.token;
  };
}
