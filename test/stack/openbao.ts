import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { Secret } from '../../src/kernel/secret.js';
import { findProgram, freePort, start, stop } from './program.js';

export const openbaoProgram = () => findProgram('bao', process.env['PROTEM_BAO']);

export interface OpenBao {
  readonly url: string;
  readonly rootToken: Secret;
  /** As root. Throws when the answer is not 2xx. */
  write(path: string, body: object): Promise<Record<string, unknown>>;
  read(path: string): Promise<Record<string, unknown>>;
  /** Any answer, with any token. */
  ask(
    path: string,
    body: object | undefined,
    token: string,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

/** A real OpenBao in development mode: unsealed, in memory, on a free port of loopback. */
export async function startOpenBao(program: string): Promise<OpenBao> {
  const home = mkdtempSync(join(tmpdir(), 'protem-bao-'));
  const port = await freePort();
  const rootToken = 'root-of-the-test-server';
  const { child, output } = start(
    program,
    [
      'server',
      '-dev',
      `-dev-root-token-id=${rootToken}`,
      `-dev-listen-address=127.0.0.1:${port}`,
      '-dev-no-store-token',
    ],
    { env: { HOME: home, PATH: process.env['PATH'] } },
  );
  const url = `http://127.0.0.1:${port}`;

  const ask: OpenBao['ask'] = async (path, body, token) => {
    const answer = await request(`${url}/v1/${path}`, {
      reset: true,
      method: body ? 'POST' : 'GET',
      headers: { 'X-Vault-Token': token },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  const asRoot = async (path: string, body?: object) => {
    const answer = await ask(path, body, rootToken);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`OpenBao did not start: ${output()}`);
    if (await asRoot('sys/health').catch(() => undefined)) break;
    await wait(100);
  }
  return {
    url,
    rootToken: new Secret(rootToken),
    write: asRoot,
    read: (path) => asRoot(path),
    ask,
    async close() {
      await stop(child);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
