import type { auditPage, AuditRecordShape } from '../src/wire/audit.js';
import type { Shape } from '../src/wire/shape.js';
import { pages } from './api.js';

type AuditPage = Shape<typeof auditPage>;

const most = 2000;

/** The records of one lease, task or agent, oldest first; the first two thousand of them. */
export async function readLog(
  query: string,
  signal: AbortSignal,
  unattended: boolean,
): Promise<readonly AuditRecordShape[]> {
  const records: AuditRecordShape[] = [];
  await pages<AuditPage>(
    `/v1/audit?${query}&page_size=500`,
    (page) => {
      records.push(...page.items);
      return records.length < most;
    },
    { signal, unattended },
  );
  return records;
}
