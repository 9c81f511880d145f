import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import { addAuditCommands } from './audit-command.js';
import { addAwsCommands } from './aws-command.js';
import { addClientCommands } from './cli/client-commands.js';
import { describeConfig } from './cli/config-check.js';
import { explainPolicy } from './cli/policy-explain.js';
import { checkPolicyFolder, testPolicyFolder } from './cli/policy-test.js';
import { compose } from './compose.js';
import { acceptLedger } from './compose/open-store.js';
import { tlsEndsAt } from './compose/tls-files.js';
import type { Roles } from './compose.js';
import { addDoctor } from './doctor-command.js';
import { addMcpCommand } from './mcp-command.js';
import { providerKinds } from './issuance/providers/registry.js';
import { loadPolicySettings, loadSettings, SettingsError } from './settings/load.js';
import { serverVerbs } from './server-verbs.js';
import { settingsJsonSchema } from './settings/json-schema.js';
import type { Settings } from './settings/load.js';

const sandboxConfig = fileURLToPath(new URL('../config/protem.yaml', import.meta.url));
const defaultConfig = process.env['PROTEM_CONFIG'] ?? 'protem.yaml';
const config = ['-c, --config <file>', 'settings file (PROTEM_CONFIG)', defaultConfig] as const;

const load = (file: string) =>
  loadSettings(resolve(file), { environment: process.env, kinds: providerKinds });
const loadPolicy = (file: string) =>
  loadPolicySettings(resolve(file), { environment: process.env, kinds: providerKinds });
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Runs until it is told to stop, then drains: requests under way are answered, jobs under way are finished. */
async function serve(config: string, roles: Roles): Promise<void> {
  const settings = load(config);
  const source = { file: resolve(config), read: () => load(config) };
  const running = await compose(settings, roles, { source });
  closeWithGrace({ delay: longestStopMs(settings), logger: running.log }, async ({ err, signal }) => {
    if (err) running.log.error({ err }, 'protem stops because of an error');
    else running.log.info({ signal }, 'protem is stopping');
    await running.close();
  });
  running.log.info({ url: running.url, ...roles }, 'protem is running');
}

/** What the settings allow requests and revocations under way, and some for the rest; then it ends with 1. */
const longestStopMs = ({ http, limits }: Settings): number =>
  http.drainMs + http.stopTimeoutMs + limits.revokeTimeout * 1000 + 5000;

/** Every command there is, to read about them. */
export function wholeProgram(): Command {
  const program = new Command('protem');
  addClientCommands(program, {
    environment: {},
    out: process.stdout,
    err: process.stderr,
    input: process.stdin,
  });
  addServerCommands(program);
  return program;
}

/** The commands that run the broker or work on its settings: all that needs more than an HTTP client. */
export function addServerCommands(program: Command): void {
  for (const [name, roles] of [
    ['api', { api: true, worker: false }],
    ['worker', { api: false, worker: true }],
    ['serve', { api: true, worker: true }],
  ] as const)
    program
      .command(name)
      .description(serverVerbs[name])
      .option(...config)
      .action((options: { config: string }) => serve(options.config, roles));

  program
    .command('dev')
    .description(serverVerbs.dev)
    .option('--once', 'exit after the story: 0 when every step did what it should')
    .option('--keep-quiet', 'do not play the story')
    .action(async (options: { once?: boolean; keepQuiet?: boolean }) => {
      const { runSandbox } = await import('./sandbox-command.js');
      await runSandbox(sandboxConfig, options);
    });

  program
    .command('ledger')
    .description(serverVerbs.ledger)
    .command('accept')
    .description('take a state store that has gone back in time as it is, so that issuing goes on')
    .option(...config)
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(async (options: { config: string; reason: string }) => {
      for (const line of await acceptLedger(load(options.config), options.reason))
        process.stdout.write(`${line}\n`);
    });

  addPolicyCommands(program);
  addConfigCommands(program);
  addAwsCommands(program, config, load);
  addMcpCommand(program, '0.1.0');
  addAuditCommands(program, config, loadPolicy);
  addDoctor(program, config, load);
}

function addPolicyCommands(program: Command): void {
  const policy = program.command('policy').description(serverVerbs.policy);
  policy
    .command('test')
    .description('run the cases of the policy folder')
    .option(...config)
    .action((options: { config: string }) => {
      if (!testPolicyFolder(loadPolicy(options.config), say)) process.exitCode = 1;
    });
  policy
    .command('check')
    .description('hold the policies against their schema, without the cases')
    .option(...config)
    .action((options: { config: string }) => {
      if (!checkPolicyFolder(loadPolicy(options.config), say)) process.exitCode = 1;
    });
  policy
    .command('explain')
    .description('what policy would answer to one request, and which policies decide it')
    .argument('<file>', 'the request, in YAML, as a case of cases.yaml has it')
    .option(...config)
    .action((file: string, options: { config: string }) => {
      process.exitCode = explainPolicy(loadPolicy(options.config), file, say);
    });
}

function addConfigCommands(program: Command): void {
  const settings = program.command('config').description(serverVerbs.config);
  settings
    .command('check')
    .description('say everything that is wrong with the settings')
    .option(...config)
    .action((options: { config: string }) => {
      const settings = load(options.config);
      checkTls(options.config, settings);
      process.stdout.write(describeConfig(options.config, settings));
    });
  settings
    .command('print-schema')
    .description('print the JSON Schema of the settings file, for editors')
    .action(() => say(JSON.stringify(settingsJsonSchema(providerKinds), undefined, 2)));
}

/** Throws SettingsError for files that the API would not start with. */
function checkTls(file: string, { listen: { tls } }: Settings): void {
  try {
    if (tls) tlsEndsAt(tls);
  } catch (error) {
    throw new SettingsError(file, [error instanceof Error ? error.message : String(error)]);
  }
}
