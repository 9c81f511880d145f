#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addClientCommands } from './cli/client-commands.js';
import { Printed } from './cli/curl.js';
import { exitCodeOf, exitCodes, saidOf } from './cli/exit-code.js';

// The SDK warns on every start that its releases from January 2027 on need Node 22; package.json pins one before.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const terminal = {
  environment: process.env,
  out: process.stdout,
  err: process.stderr,
  input: process.stdin,
};

const program = new Command('protem')
  .description('Just-in-time credentials for AI agents, taken back when the task ends.')
  .version('0.1.0')
  .exitOverride();
addClientCommands(program, terminal);

// A client verb starts in a moment; the broker is loaded only for what needs it.
const verb = process.argv[2] ?? '';
const ofClient = program.commands.some((command) => command.name() === verb) && verb !== 'completion';
if (!ofClient) (await import('./server-commands.js')).addServerCommands(program);

program.parseAsync().catch((error: unknown) => {
  if (error instanceof Error && error.cause instanceof Printed) return;
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : exitCodes.usage);
  process.stderr.write(`${saidOf(error)}\n`);
  process.exit(
    error instanceof Error && error.name === 'SettingsError' ? exitCodes.usage : exitCodeOf(error),
  );
});
