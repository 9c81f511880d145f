import { once } from 'node:events';
import { Option } from 'commander';
import type { Command } from 'commander';
import { cloudEvent } from './audit/formats/cloud-event.js';
import { ocsfEvent } from './audit/formats/ocsf.js';
import type { ToldRecord } from './audit/formats/told.js';
import type { Api, AuditFilter } from './cli/audit-api.js';
import { exportCheckpoints } from './cli/audit-checkpoints.js';
import { exportAudit } from './cli/audit-export.js';
import type { Out } from './cli/audit-export.js';
import { tailAudit } from './cli/audit-tail.js';
import { printHeld } from './cli/audit-held.js';
import type { HeldCommand } from './cli/audit-held.js';
import { printUsage } from './cli/audit-usage.js';
import type { UsageCommand } from './cli/audit-usage.js';
import type { PolicySettings } from './settings/load.js';
import { verifyAudit } from './cli/audit-verify.js';
import type { VerifyCommand } from './cli/audit-verify.js';
import { tokenOf } from './cli/connect.js';
import { exchangeBy } from './cli/exchange.js';
import { recordLine } from './cli/record-line.js';
import { UsageError } from './cli/terminal.js';
import { serverVerbs } from './server-verbs.js';

interface Connection {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly tokenCommand?: string;
}

interface Tail extends Connection {
  readonly lease?: string;
  readonly task?: string;
  readonly agent?: string;
  readonly since?: string;
  readonly output?: 'text' | 'json';
  readonly quiet?: boolean;
}

interface Export extends AuditFilter, Connection {
  readonly format: Format;
  readonly withGaps?: boolean;
  readonly tree?: boolean;
  readonly pageToken?: string;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

const out: Out = {
  write: async (line) => {
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
  },
  say: (text) => void process.stderr.write(`${text}\n`),
};

/** `protem audit export`, `checkpoints`, `tail`, `held`, `verify` and `usage`. */
export function addAuditCommands(
  program: Command,
  config: readonly [string, string, string],
  load: (file: string) => PolicySettings,
): void {
  const audit = program.command('audit').description(serverVerbs.audit);
  addOfBroker(audit, program.version() ?? '');
  addOfFiles(audit, config, load);
}

/** What asks the broker. */
function addOfBroker(audit: Command, version: string): void {
  connected(audit.command('export').description('write the log to standard output, a record a line'))
    .addOption(
      new Option('--format <format>', `what a line is: ${formats.join(', ')}`)
        .choices(formats)
        .default('jsonl'),
    )
    .option('--lease <id>', 'only the path of this lease')
    .option('--task <id>', 'only this task')
    .option('--tree', 'with the task all that was delegated from it, however far')
    .option('--agent <id>', 'only this agent')
    .option('--since <moment>', 'from this moment on: ISO 8601 with its offset')
    .option('--until <moment>', 'what came before this moment')
    .option('--with-gaps', 'the digests of what is not asked for as well, so that the rest can be proven')
    .option('--page-token <token>', 'go on where an export stopped')
    .action(async (options: Export) => {
      const isBatch = options.format === 'cloudevents-batch';
      if (options.withGaps === true && options.format !== 'jsonl')
        throw new Error('--with-gaps is for --format jsonl: a digest is no event.');
      if (options.tree === true && (options.task === undefined || options.pageToken !== undefined))
        throw new UsageError(
          '--tree is of a --task, and from the beginning: what was delegated is told on the way.',
        );
      const format = formatOf(options.format, version);
      const shown = await exportAudit(apiOf(options), { ...options, format, isBatch }, out);
      out.say(`${shown} record${shown === 1 ? '' : 's'}`);
    });

  connected(
    audit
      .command('checkpoints')
      .description('write all signed checkpoints to standard output, a JSON a line, as verify takes them'),
  )
    .option('--page-token <token>', 'go on where it stopped')
    .action(async (options: Connection & { readonly pageToken?: string }) => {
      const written = await exportCheckpoints(apiOf(options), out, options.pageToken);
      out.say(`${written} checkpoint${written === 1 ? '' : 's'}`);
    });

  connected(audit.command('tail').description('write what is added to the log, as it happens, until SIGINT'))
    .option('--lease <id>', 'only what is about this lease')
    .option('--task <id>', 'only this task')
    .option('--agent <id>', 'only this agent')
    .option('--since <when>', 'from a moment on, or from a duration ago (10m); from now on when left out')
    .addOption(
      new Option(
        '-o, --output <format>',
        'json: a record a line; text on a terminal, json elsewhere',
      ).choices(['text', 'json']),
    )
    .option('-q, --quiet', 'say nothing on stderr but errors')
    .action(tail);
}

/** What needs no broker. */
function addOfFiles(
  audit: Command,
  config: readonly [string, string, string],
  load: (file: string) => PolicySettings,
): void {
  audit
    .command('held')
    .description('which credentials there were between two moments, and who allowed each')
    .argument('<file>', 'what `protem audit export` wrote, with what came before the time asked about')
    .option('--agent <id>', 'only of this agent')
    .option('--task <id>', 'only of this task')
    .option('--from <moment>', 'what was over by this moment is left out: ISO 8601 with its offset')
    .option('--until <moment>', 'what began at this moment or later is left out')
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action((file: string, options: HeldCommand) => printHeld(file, options, say));

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
    .option(
      '--checkpoints <file>',
      'signed checkpoints: what `protem audit checkpoints` wrote, or an anchor has',
    )
    .option('--head <seq:hash>', 'where the log is known to have been')
    .option('--chain <id>', 'the chain that is meant: checkpoints of others are told, and nothing more')
    .option('--partial', 'the export is of a part of the log: say so, and verify what is there')
    .option('--complete', 'fail where a record is not there or not shown')
    .option('--records-only', 'of CloudEvents and OCSF only the records, and not what stands around them')
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
    .option('--url <address>', 'of the broker (PROTEM_URL)')
    .option('--token-file <file>', 'token of an operator (PROTEM_TOKEN_FILE, or PROTEM_TOKEN itself)')
    .option('--token-command <command>', 'command that prints the token (PROTEM_TOKEN_COMMAND)');

async function tail(options: Tail): Promise<void> {
  const { lease, task, agent, since, output = process.stdout.isTTY ? 'text' : 'json' } = options;
  const subjects = [lease, task, agent].filter((each) => each !== undefined);
  if (subjects.length > 1) throw new UsageError('Give one of --lease, --task and --agent.');
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  await tailAudit(
    { ...apiOf(options), signal: stopping.signal },
    {
      format: output === 'json' ? (record) => JSON.stringify(record) : recordLine,
      ...(since !== undefined && { since }),
      ...(subjects[0] !== undefined && { subject: subjects[0] }),
    },
    options.quiet === true ? { ...out, say: () => {} } : out,
  );
}

function apiOf(options: Connection): Api {
  const url = options.url ?? process.env['PROTEM_URL'];
  if (url === undefined) throw new UsageError('Where is the broker? Set PROTEM_URL, or give --url.');
  return { url, token: tokenOf(process.env, options), fetch: exchangeBy(process.env) };
}
