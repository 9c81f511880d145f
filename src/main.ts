#!/usr/bin/env node
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import { addAuditCommands } from './audit-command.js';
import { addAwsCommands } from './aws-command.js';
import { describeConfig } from './cli/config-check.js';
import { testPolicyFolder } from './cli/policy-test.js';
import { acceptLedger, compose } from './compose.js';
import type { Roles } from './compose.js';
import { addMcpCommand } from './mcp-command.js';
import { providerKinds } from './issuance/providers/registry.js';
import { loadSettings, SettingsError } from './settings/load.js';
import type { Settings } from './settings/load.js';

// The SDK warns on every start that its releases from January 2027 on need Node 22; package.json pins one before.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const sandboxConfig = fileURLToPath(new URL('../config/protem.yaml', import.meta.url));
const defaultConfig = process.env['PROTEM_CONFIG'] ?? 'protem.yaml';

const program = new Command('protem')
  .description('Just-in-time credentials for AI agents, taken back when the task ends.')
  .version('0.1.0');

const load = (config: string) =>
  loadSettings(resolve(config), { environment: process.env, kinds: providerKinds });

/** Runs until it is told to stop, then drains: requests under way are answered, jobs under way are finished. */
async function serve(config: string, roles: Roles): Promise<void> {
  const settings = load(config);
  const running = await compose(settings, roles);
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

const config = ['-c, --config <file>', 'settings file (PROTEM_CONFIG)', defaultConfig] as const;

for (const [name, description, roles] of [
  ['api', 'answer agents, orchestrators and operators', { api: true, worker: false }],
  ['worker', 'revoke what is due', { api: false, worker: true }],
  ['serve', 'both in one process', { api: true, worker: true }],
] as const)
  program
    .command(name)
    .description(description)
    .option(...config)
    .action((options: { config: string }) => serve(options.config, roles));

program
  .command('dev')
  .description('the sandbox: everything on this machine, nothing durable; plays the story once, then serves')
  .option('--once', 'exit after the story: 0 when every step did what it should')
  .option('--keep-quiet', 'do not play the story')
  .action(async (options: { once?: boolean; keepQuiet?: boolean }) => {
    const { runSandbox } = await import('./sandbox-command.js');
    await runSandbox(sandboxConfig, options);
  });

program
  .command('policy')
  .description('work on policies')
  .command('test')
  .description('run the cases of the policy folder')
  .option(...config)
  .action((options: { config: string }) => {
    if (!testPolicyFolder(load(options.config), (line) => process.stdout.write(`${line}\n`)))
      process.exitCode = 1;
  });

program
  .command('config')
  .description('work on settings')
  .command('check')
  .description('say everything that is wrong with the settings')
  .option(...config)
  .action((options: { config: string }) => {
    process.stdout.write(describeConfig(options.config, load(options.config)));
  });

program
  .command('ledger')
  .description('work on the state store')
  .command('accept')
  .description('take a state store that has gone back in time as it is, so that issuing goes on')
  .option(...config)
  .action(async (options: { config: string }) => {
    for (const line of await acceptLedger(load(options.config))) process.stdout.write(`${line}\n`);
  });

addAwsCommands(program, config, load);
addMcpCommand(program, '0.1.0');
addAuditCommands(program, config, load);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof SettingsError ? 2 : 1);
});
