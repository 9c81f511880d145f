import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { readLogLine } from '../audit/log-line.js';
import { usesInCloudTrail } from '../audit/usage/cloud-trail.js';
import { grantsOf, rolesOf } from '../audit/usage/grants.js';
import { leaseHistories } from '../audit/usage/history.js';
import { usageReport } from '../audit/usage/report.js';
import type { UsageReport } from '../audit/usage/report.js';
import type { Use } from '../audit/usage/use.js';
import { useInVaultAudit } from '../audit/usage/vault-audit.js';
import type { CatalogEntry } from '../policy/catalog.js';
import { UsageError } from './terminal.js';

export interface UsageCommand {
  /** Of the audit log: JSON Lines, CloudEvents or OCSF. */
  readonly export: string;
  /** A file of CloudTrail, `.gz` too, or a folder of such. */
  readonly cloudtrail?: string;
  /** A file of a Vault or OpenBao audit device, JSON lines. */
  readonly vaultAudit?: string;
  readonly output: string;
}

/** `protem audit usage`: what was granted and never used, and use that no lease explains. False when there is such. */
export async function printUsage(
  options: UsageCommand,
  catalog: ReadonlyMap<string, CatalogEntry>,
  print: (line: string) => void,
): Promise<boolean> {
  if (options.cloudtrail === undefined && options.vaultAudit === undefined)
    throw new UsageError('Give what was used: --cloudtrail, --vault-audit, or both.');
  const histories = leaseHistories();
  for await (const line of linesOf(options.export)) histories.add(readLogLine(line));
  const uses: Use[] = [];
  for (const file of options.cloudtrail === undefined ? [] : filesIn(options.cloudtrail))
    uses.push(...usesInCloudTrail(JSON.parse(textIn(file)) as unknown));
  if (options.vaultAudit !== undefined)
    for await (const line of linesOf(options.vaultAudit)) {
      const use = useInVaultAudit(JSON.parse(line) as unknown);
      if (use) uses.push(use);
    }
  const entries = [...catalog.values()];
  const known = [...histories.leases].filter(([, { entry }]) => hasLog(options, catalog.get(entry)));
  const withoutLog = histories.leases.size - known.length;
  const report = usageReport(
    new Map(known),
    uses,
    new Map(entries.map(({ name, mint }) => [name, grantsOf(mint)])),
    new Set(entries.flatMap(({ mint }) => rolesOf(mint))),
  );
  if (options.output === 'json') print(JSON.stringify({ ...report, withoutLog }, undefined, 2));
  else for (const line of described(report)) print(line);
  if (withoutLog > 0 && options.output !== 'json')
    print(
      `${withoutLog} leases are of entries whose provider's log was not given: nothing is known of their use`,
    );
  return report.unexplained.length === 0;
}

/** Whether the log of the entry's provider was given; an entry that is no longer there may be of either. */
const hasLog = ({ cloudtrail, vaultAudit }: UsageCommand, entry: CatalogEntry | undefined): boolean => {
  if (!entry) return true;
  return (rolesOf(entry.mint).length > 0 ? cloudtrail : vaultAudit) !== undefined;
};

/** The lines of a file that are not empty, as they are read. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  await new Promise((resolve, reject) => input.once('open', resolve).once('error', reject));
  for await (const line of createInterface({ input, crlfDelay: Infinity }))
    if (line.trim() !== '') yield line;
}

const filesIn = (place: string): string[] =>
  statSync(place).isDirectory()
    ? readdirSync(place, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.json(\.gz)?$/.test(name))
        .map((name) => join(place, name))
    : [place];

const textIn = (file: string): string => {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
};

function* described({ usage, unexplained, undecided }: UsageReport): Generator<string> {
  for (const { entry, agent, leases, unusedLeases, granted, refused } of usage) {
    yield `${entry} for ${agent}: ${leases} lease${leases === 1 ? '' : 's'}, ${unusedLeases} without any use`;
    for (const { action, resource, used, lastAt } of granted)
      yield used === 0
        ? `  never used  ${action} on ${resource}`
        : `  used ${String(used).padStart(5)}  ${action} on ${resource}, last ${new Date(lastAt!).toISOString()}`;
    for (const { action, times } of refused) yield `  refused ${String(times).padStart(2)}  ${action}`;
  }
  if (undecided > 0) yield `${undecided} calls name only a task with several entries, and count for none`;
  for (const { why, use } of unexplained)
    yield `UNEXPLAINED (${why}): ${new Date(use.at).toISOString()} ${use.by} ${use.action} ${use.resource ?? ''}`.trimEnd();
}
