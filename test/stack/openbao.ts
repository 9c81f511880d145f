import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { Secret } from '../../src/kernel/secret.js';
import { findProgram, freePort, start, stop } from './program.js';

export const openbaoProgram = () => findProgram('bao', process.env['PROTEM_BAO']);

export interface OpenBao {
  readonly url: string;
  readonly rootToken: Secret;
  /** PEM file of its authority, where it serves TLS. */
  readonly caFile?: string;
  /** Where its audit device writes, when it is audited. */
  readonly auditFile: string;
  /** As root. Throws when the answer is not 2xx. */
  write(path: string, body: object, namespace?: string): Promise<Record<string, unknown>>;
  read(path: string): Promise<Record<string, unknown>>;
  /** Any answer, with any token. */
  ask(
    path: string,
    body: object | undefined,
    token: string,
    namespace?: string,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

/** A real OpenBao in development mode: unsealed, in memory, on a free port of loopback. */
export async function startOpenBao(program: string, { tls = false, audited = false } = {}): Promise<OpenBao> {
  const home = mkdtempSync(join(tmpdir(), 'protem-bao-'));
  const port = await freePort();
  const auditFile = join(home, 'audit.jsonl');
  const configFile = join(home, 'audit.hcl');
  if (audited)
    writeFileSync(configFile, `audit "file" "main" { options { file_path = ${JSON.stringify(auditFile)} } }`);
  const rootToken = 'root-of-the-test-server';
  const { child, output } = start(
    program,
    [
      'server',
      '-dev',
      `-dev-root-token-id=${rootToken}`,
      `-dev-listen-address=127.0.0.1:${port}`,
      '-dev-no-store-token',
      ...(audited ? [`-config=${configFile}`] : []),
      ...(tls ? ['-dev-tls', `-dev-tls-cert-dir=${home}`] : []),
    ],
    { env: { HOME: home, PATH: process.env['PATH'] } },
  );
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const caFile = () => join(home, readdirSync(home).find((name) => name.endsWith('ca.pem')) ?? 'ca.pem');
  let dispatcher = new Agent();

  const ask: OpenBao['ask'] = async (path, body, token, namespace) => {
    const answer = await request(`${url}/v1/${path}`, {
      reset: true,
      method: body ? 'POST' : 'GET',
      dispatcher,
      headers: { 'X-Vault-Token': token, ...(namespace ? { 'X-Vault-Namespace': namespace } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  const asRoot = async (path: string, body?: object, namespace?: string) => {
    const answer = await ask(path, body, rootToken, namespace);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`OpenBao did not start: ${output()}`);
    if (await asRoot('sys/health').catch(() => undefined)) break;
    await wait(100);
    if (tls && readdirSync(home).some((name) => name.endsWith('ca.pem')))
      dispatcher = new Agent({ connect: { ca: readFileSync(caFile(), 'utf8') } });
  }
  return {
    url,
    rootToken: new Secret(rootToken),
    auditFile,
    ...(tls ? { caFile: caFile() } : {}),
    write: asRoot,
    read: (path) => asRoot(path),
    ask,
    async close() {
      await dispatcher.close();
      await stop(child);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
