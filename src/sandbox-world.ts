import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { exchangeBy } from './cli/exchange.js';
import { exportAudit } from './cli/audit-export.js';
import { verifyAudit } from './cli/audit-verify.js';
import type { Sandbox } from './sandbox/sandbox.js';
import { apiClient } from './sandbox/story/api-client.js';
import type { Json } from './sandbox/story/api-client.js';
import type { PolicyFolder, Proof, World } from './sandbox/story/world.js';

/** The sandbox as the story sees it, with a broker at `url` that reads its policy from `policy`. */
export async function worldOf(sandbox: Sandbox, url: string, policy: PolicyFolder): Promise<World> {
  const { issuer } = sandbox;
  const [agent, charts] = ['reporter', 'charts'].map(
    (name) => `spiffe://${issuer.trustDomain}/agent/${name}`,
  );
  const operatorToken = await issuer.mintToken({ sub: 'olga', kind: 'operator', role: 'admin' });
  return {
    api: apiClient(url, { attempts: 5 }),
    agent: agent!,
    agentToken: await issuer.mintSvid(agent!),
    charts: charts!,
    chartsToken: await issuer.mintSvid(charts!),
    orchestratorToken: await issuer.mintToken({ sub: 'pipeline', kind: 'orchestrator' }),
    operatorToken,
    approverToken: await issuer.mintToken({ sub: 'peter', kind: 'operator', role: 'approver' }),
    webhookSecret: sandbox.webhookSecret,
    useDatabase: (secret) => useDatabase(sandbox.databaseUrl, secret),
    readReport: (secret) =>
      tried(() =>
        s3Of(sandbox, secret).send(
          new GetObjectCommand({ Bucket: 'acme-reports', Key: 'reports/2026/q3.csv' }),
        ),
      ),
    writeReport: (secret) =>
      tried(() =>
        s3Of(sandbox, secret).send(
          new PutObjectCommand({ Bucket: 'acme-reports', Key: 'reports/2026/q3.csv', Body: 'changed' }),
        ),
      ),
    policy,
    proof: proofBy(url, operatorToken),
  };
}

/** The commands of `protem audit`, on files. */
const proofBy = (url: string, operatorToken: string): Proof => ({
  async exportLog() {
    const lines: string[] = [];
    const out = { write: (line: string) => Promise.resolve(void lines.push(line)), say: () => undefined };
    await exportAudit(
      { url, token: () => operatorToken, fetch: exchangeBy({}) },
      { format: (record) => record },
      out,
    );
    return lines;
  },
  async verify(lines, keys, checkpoints) {
    const folder = await mkdtemp(join(tmpdir(), 'protem-proof-'));
    const [log, keyFile, checkpointFile] = ['log.jsonl', 'keys.json', 'checkpoints.json'].map((name) =>
      join(folder, name),
    );
    const said: string[] = [];
    try {
      await writeFile(log!, lines.map((line) => `${line}\n`).join(''));
      await writeFile(keyFile!, JSON.stringify(keys));
      await writeFile(checkpointFile!, JSON.stringify(checkpoints));
      const options = { keys: keyFile!, checkpoints: checkpointFile! };
      return { exitCode: await verifyAudit(log!, options, (line) => said.push(line)), said };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

async function useDatabase(databaseUrl: string, secret: Json): Promise<{ allowed: boolean; said: string }> {
  const basic = Buffer.from(`${secret?.username}:${secret?.password}`).toString('base64');
  const response = await fetch(databaseUrl, { headers: { authorization: `Basic ${basic}` } });
  const allowed = response.status === 200;
  return {
    allowed,
    said: allowed ? 'allowed: the database lets it in' : 'refused: the database knows no such user',
  };
}

const s3Of = (sandbox: Sandbox, secret: Json) =>
  sandbox.s3({
    accessKeyId: secret?.AccessKeyId,
    secretAccessKey: secret?.SecretAccessKey,
    sessionToken: secret?.SessionToken,
  });

async function tried(call: () => Promise<unknown>): Promise<{ allowed: boolean; said: string }> {
  try {
    await call();
    return { allowed: true, said: 'allowed: S3 answers' };
  } catch (error) {
    return { allowed: false, said: `refused: ${error instanceof Error ? error.name : 'error'}` };
  }
}
