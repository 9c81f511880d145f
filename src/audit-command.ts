import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Option } from 'commander';
import type { Command } from 'commander';
import { cloudEvent } from './audit/formats/cloud-event.js';
import { ocsfEvent } from './audit/formats/ocsf.js';
import type { ToldRecord } from './audit/formats/told.js';
import type { Api, AuditFilter } from './cli/audit-api.js';
import { exportAudit } from './cli/audit-export.js';
import type { Out } from './cli/audit-export.js';
import { printUsage } from './cli/audit-usage.js';
import type { UsageCommand } from './cli/audit-usage.js';
import type { Settings } from './settings/load.js';
import { verifyAudit } from './cli/audit-verify.js';
import type { VerifyCommand } from './cli/audit-verify.js';
import { serverVerbs } from './server-verbs.js';

interface Connection {
  readonly url?: string;
  readonly tokenFile?: string;
}

interface Export extends AuditFilter, Connection {
  readonly format: Format;
  readonly withGaps?: boolean;
  readonly pageToken?: string;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

const out: Out = {
  write: async (line) => {
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
  },
  say: (text) => void process.stderr.write(`${text}\n`),
};

/** `protem audit export`, `verify` and `usage`. */
export function addAuditCommands(
  program: Command,
  config: readonly [string, string, string],
  load: (file: string) => Settings,
): void {
  const audit = program.command('audit').description(serverVerbs.audit);
  connected(audit.command('export').description('write the log to standard output, a record a line'))
    .option('--lease <id>', 'only the path of this lease')
    .option('--task <id>', 'only this task')
    .option('--agent <id>', 'only this agent')
    .option('--since <moment>', 'from this moment on: ISO 8601 with its offset')
    .option('--until <moment>', 'what came before this moment')
    .option('--with-gaps', 'the digests of what is not asked for as well, so that the rest can be proven')
    .option('--page-token <token>', 'go on where an export stopped')
    .action(async (options: Export) => {
      const isBatch = options.format === 'cloudevents-batch';
      if (options.withGaps === true && options.format !== 'jsonl')
        throw new Error('--with-gaps is for --format jsonl: a digest is no event.');
      const format = formatOf(options.format, program.version() ?? '');
      const shown = await exportAudit(apiOf(options), { ...options, format, isBatch }, out);
      out.say(`${shown} record${shown === 1 ? '' : 's'}`);
    });

  audit
    .command('usage')
    .description('hold what was granted against what providers say was used')
    .requiredOption('--export <file>', 'what `protem audit export` wrote')
    .option('--cloudtrail <file>', 'file of CloudTrail, or a folder of them; .gz as well')
    .option('--vault-audit <file>', 'file of an audit device of Vault or OpenBao')
    .option(...config)
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async (options: UsageCommand & { readonly config: string }) => {
      if (!(await printUsage(options, load(options.config).catalog, say))) process.exitCode = 1;
    });

  audit
    .command('verify')
    .description('find what was changed, removed, moved or cut off in an export; needs no broker')
    .argument('<file>', 'what `protem audit export` wrote; - for standard input')
    .option('--keys <file>', 'JWK set of /v1/audit/keys, kept from before')
    .option('--checkpoints <file>', 'signed checkpoints, as they were anchored')
    .option('--head <seq:hash>', 'where the log is known to have been')
    .option('--partial', 'the export is of a part of the log: say so, and verify what is there')
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async (file: string, options: VerifyCommand) => {
      process.exitCode = await verifyAudit(file, options, say);
    });
}

const formats = ['jsonl', 'cloudevents', 'cloudevents-batch', 'ocsf'] as const;
type Format = (typeof formats)[number];

function formatOf(format: Format, version: string): (record: ToldRecord) => object {
  if (format === 'jsonl') return (record) => record;
  return format === 'ocsf' ? (record) => ocsfEvent(record, version) : cloudEvent;
}

const connected = (command: Command): Command =>
  command
    .addOption(new Option('--format <format>').choices(formats).default('jsonl'))
    .option('--url <address>', 'of the broker (PROTEM_URL)')
    .option('--token-file <file>', 'token of an operator (PROTEM_TOKEN_FILE, or PROTEM_TOKEN itself)');

function apiOf(options: Connection): Api {
  const url = options.url ?? process.env['PROTEM_URL'];
  const file = options.tokenFile ?? process.env['PROTEM_TOKEN_FILE'];
  const given = process.env['PROTEM_TOKEN'];
  if (url === undefined) throw new Error('Where is the broker? Set PROTEM_URL, or give --url.');
  if (file === undefined && given === undefined)
    throw new Error('Who asks? Set PROTEM_TOKEN_FILE or PROTEM_TOKEN, or give --token-file.');
  return { url, token: () => (file === undefined ? given! : readFileSync(file, 'utf8').trim()) };
}
