import { expect, test } from '@jest/globals';
import { exportAudit } from '../../src/cli/audit-export.js';
import type { ExportOptions } from '../../src/cli/audit-export.js';
import type { Fetch } from '../../src/sdk/call.js';
import { logOf } from '../audit/logging.js';

const delegated = (task: string, parent: string) => ({
  ...{ type: 'task.delegated', task, parent, agent: `agent of ${task}`, by: `agent of ${parent}` },
});
const opened = (task: string) => ({ type: 'task.opened', task, agent: `agent of ${task}`, by: 'x' });
const events = [
  opened('root'),
  opened('other'),
  delegated('child', 'root'),
  delegated('elsewhere', 'other'),
  delegated('grandchild', 'child'),
  { type: 'lease.reserved', lease: 'l1', task: 'grandchild', agent: 'a' },
  { type: 'lease.reserved', lease: 'l2', task: 'elsewhere', agent: 'a' },
  { type: 'policy.loaded', policyDigest: 'd' },
  { type: 'task.ended', task: 'child', agent: 'a', by: 'a' },
];
const log = logOf(events.length, 'chn_1', (seq) => events[seq - 1]!);

/** The whole log, two records a page. */
const fetch: Fetch = (address) => {
  const from = Number(new URL(String(address)).searchParams.get('page_token') ?? 0);
  const more = from + 2 < log.length && { next_page_token: String(from + 2) };
  return Promise.resolve(new Response(JSON.stringify({ items: log.slice(from, from + 2), ...more })));
};

async function exported(options: Partial<ExportOptions>) {
  const lines: string[] = [];
  const out = { write: async (line: string) => void lines.push(line), say() {} };
  const api = { url: 'http://broker.test', token: undefined, fetch };
  const shown = await exportAudit(api, { format: (record) => record, ...options }, out);
  return { shown, seqs: lines.map((line) => (JSON.parse(line) as { seq: number }).seq), lines };
}

test('AUD-04: an export of a task with its tree has what was delegated from it, however far, and nothing of others', async () => {
  expect(await exported({ task: 'root', tree: true })).toMatchObject({ shown: 5, seqs: [1, 3, 5, 6, 9] });
  expect(await exported({ task: 'child', tree: true })).toMatchObject({ shown: 4, seqs: [3, 5, 6, 9] });
  expect(await exported({ task: 'elsewhere', tree: true })).toMatchObject({ shown: 2, seqs: [4, 7] });
});

test('AUD-03: with the gaps the whole chain is there, and of others nothing but digests', async () => {
  const { shown, seqs, lines } = await exported({ task: 'root', tree: true, withGaps: true });
  expect([shown, seqs]).toEqual([5, log.map(({ seq }) => seq)]);
  expect(lines.join('')).not.toContain('other');
});
