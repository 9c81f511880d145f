import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { grantsOf } from '../../src/audit/usage/grants.js';
import { leaseHistories } from '../../src/audit/usage/history.js';
import { usageReport } from '../../src/audit/usage/report.js';
import type { Use } from '../../src/audit/usage/use.js';
import { useInVaultAudit } from '../../src/audit/usage/vault-audit.js';
import { openVault } from '../../src/issuance/providers/vault/index.js';
import { settings } from '../../src/issuance/providers/vault/settings.js';
import type { Provider } from '../../src/issuance/provider.js';
import type { VaultScope } from '../../src/issuance/providers/vault/scope.js';
import { entryPolicies, orderOf } from '../issuance/providers/vault/stand-in-broker.js';
import { openbaoProgram, startOpenBao, type OpenBao } from './openbao.js';
import { canRun } from './program.js';

const bao = openbaoProgram();

(canRun('the audit log of OpenBao', { bao }) ? describe : describe.skip)('the audit log of OpenBao', () => {
  let openbao: OpenBao;
  let provider: Provider<VaultScope>;
  beforeAll(async () => {
    openbao = await startOpenBao(bao!, { audited: true });
    await openbao.write('sys/policies/acl/config', { policy: entryPolicies.config });
    await openbao.write('secret/data/app', { data: { password: 'kv-two-password' } });
    const auth = { method: 'token', token: openbao.rootToken };
    provider = openVault('openbao', settings.parse({ address: openbao.url, auth }));
  }, 60_000);
  afterAll(async () => {
    await provider?.close();
    await openbao?.close();
  });

  const uses = (): Use[] =>
    readFileSync(openbao.auditFile, 'utf8')
      .split('\n')
      .filter(Boolean)
      .flatMap((line) => useInVaultAudit(JSON.parse(line)) ?? []);

  test('AUD-07: what the token of a lease did is told with its lease, and with that of no other', async () => {
    const order = orderOf({ policies: ['config'], path: 'secret/data/app', static: true }, 900);
    const handle = provider.plan(order);
    await provider.issue(order, handle, async () => {});
    const read = {
      action: 'read',
      resource: 'secret/data/app',
      lease: order.leaseId,
      task: order.taskId,
      refused: false,
    };
    expect(uses().filter(({ resource }) => resource === 'secret/data/app')).toEqual([
      expect.objectContaining(read),
    ]);

    const histories = leaseHistories();
    const names = {
      lease: order.leaseId,
      task: order.taskId,
      agent: order.agent,
      asked: { entry: order.entry },
    };
    histories.add({ id: `${Date.now()}-0`, event: { type: 'lease.reserved', ...names } });
    const grants = new Map([[order.entry, grantsOf({ path: 'secret/data/app' })]]);
    expect(usageReport(histories.leases, uses(), grants, new Set())).toMatchObject({
      usage: [{ entry: order.entry, unusedLeases: 0, granted: [{ used: 1 }] }],
      unexplained: [],
    });
    const { unexplained } = usageReport(new Map(), uses(), grants, new Set());
    expect(unexplained.map(({ why }) => why)).toContain('no lease');
  });

  test('AUD-07: a call that was refused is told as refused', async () => {
    const order = orderOf({ policies: ['config'], path: 'secret/data/other', static: true }, 900);
    await provider.issue(order, provider.plan(order), async () => {}).catch(() => {});
    expect(uses().filter(({ resource }) => resource === 'secret/data/other')).toEqual([
      expect.objectContaining({ lease: order.leaseId, refused: true }),
    ]);
  });
});
