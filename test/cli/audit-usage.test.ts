import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { UsageReport } from '../../src/audit/usage/report.js';
import { exchangeBy } from '../../src/cli/exchange.js';
import { exportAudit } from '../../src/cli/audit-export.js';
import { printUsage } from '../../src/cli/audit-usage.js';
import { compose } from '../../src/compose.js';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { apiClient } from '../../src/sandbox/story/api-client.js';
import { loadSettings } from '../../src/settings/load.js';

const directory = mkdtempSync(join(tmpdir(), 'protem-usage-'));
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let running: Awaited<ReturnType<typeof compose>>;
let settings: ReturnType<typeof loadSettings>;

beforeAll(async () => {
  sandbox = await startSandbox();
  settings = loadSettings('config/protem.yaml', {
    environment: { ...sandbox.environment, PROTEM_LOG_LEVEL: 'silent' },
    kinds: providerKinds,
    overrides: sandbox.overrides,
  });
  running = await compose(settings, { api: true, worker: true });
});
afterAll(async () => {
  await running.close();
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

test('AUD-07: the log of the sandbox and the trail of its AWS: one lease was used, one was not, and nothing else was', async () => {
  const api = apiClient(running.url!);
  const token = await sandbox.issuer.mintSvid(`spiffe://${sandbox.issuer.trustDomain}/agent/reporter`);
  const operator = await sandbox.issuer.mintToken({ sub: 'olga', kind: 'operator', role: 'admin' });
  const task = await api.call('POST', '/v1/tasks', token, { intent: 'usage', deadline: '1h' });
  const path = `/v1/tasks/${task.body.id}/credentials`;
  const asking = { credential: 'reports-reader', parameters: { prefix: 'reports/2026/' }, tool: 's3.get' };
  const used = await api.call('POST', path, token, asking);
  const unused = await api.call('POST', path, token, asking);
  expect([used.status, unused.status]).toEqual([201, 201]);
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
  } = used.body.secret;
  const s3 = sandbox.s3({ accessKeyId, secretAccessKey, sessionToken });
  const object = { Bucket: 'acme-reports', Key: 'reports/2026/q3.csv' };
  await s3.send(new GetObjectCommand(object));
  await s3.send(new PutObjectCommand({ ...object, Body: 'x' })).catch(() => {});

  const log: string[] = [];
  await exportAudit(
    { url: running.url!, token: () => operator, fetch: exchangeBy({}) },
    { format: (record) => record },
    { write: async (line) => void log.push(line), say: () => {} },
  );
  const file = (name: string, bytes: string | Buffer) => {
    writeFileSync(join(directory, name), bytes);
    return join(directory, name);
  };
  const trail = { Records: sandbox.awsTrail() };
  file('trail.json.gz', gzipSync(JSON.stringify(trail)));
  const options = { export: file('log.jsonl', log.join('\n')), cloudtrail: directory, output: 'json' };
  const printed: string[] = [];
  expect(await printUsage(options, settings.catalog, (line) => printed.push(line))).toBe(true);
  const { usage, unexplained } = JSON.parse(printed.join('\n')) as UsageReport;
  expect(unexplained).toEqual([]);
  expect(usage).toEqual([
    {
      entry: 'reports-reader',
      agent: `spiffe://${sandbox.issuer.trustDomain}/agent/reporter`,
      leases: 2,
      unusedLeases: 1,
      granted: [
        {
          action: 's3:GetObject',
          resource: 'arn:aws:s3:::acme-reports/**',
          used: 1,
          lastAt: expect.any(Number),
        },
      ],
      refused: [{ action: 's3:PutObject', times: 1 }],
    },
  ]);

  // Without the log of its provider nothing is known of a lease, least of all that it was never used.
  const device = file('device.log', '');
  const { cloudtrail: _none, ...nothing } = options;
  const print = (line: string) => void printed.push(line);
  await expect(printUsage(nothing, settings.catalog, print)).rejects.toThrow(/--cloudtrail/);
  printed.length = 0;
  await printUsage({ ...nothing, vaultAudit: device }, settings.catalog, print);
  expect(JSON.parse(printed.join('\n'))).toMatchObject({ usage: [], withoutLog: 2 });

  // The same calls, and a log that never heard of the lease.
  const without = file('without.jsonl', log.filter((line) => !line.includes(used.body.lease.id)).join('\n'));
  const lines: string[] = [];
  const isExplained = await printUsage(
    { ...options, export: without, output: 'text' },
    settings.catalog,
    (line) => lines.push(line),
  );
  expect(isExplained).toBe(false);
  expect(lines.filter((line) => line.startsWith('UNEXPLAINED (no lease)'))).toHaveLength(2);
});
