#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addClientCommands } from './cli/client-commands.js';
import { Printed } from './cli/curl.js';
import { exitCodeOf, exitCodes, saidOf } from './cli/exit-code.js';
import { serverVerbs } from './server-verbs.js';

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
const [, , , about] = process.argv;
if (Object.hasOwn(serverVerbs, verb === 'help' ? (about ?? '') : verb) || verb === 'completion')
  (await import('./server-commands.js')).addServerCommands(program);
else
  for (const [name, description] of Object.entries(serverVerbs))
    program.command(name).description(description);

// What has more to do than to print goes on when its reader has left: it may have a task to end.
const goesOn = new Set(['run', 'serve-credentials', 'mcp', 'api', 'worker', 'serve', 'dev']);
for (const stream of [process.stdout, process.stderr])
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (goesOn.has(verb)) return;
    // Whoever reads, such as `head`, has had enough.
    if (code === 'EPIPE') process.exit(exitCodes.ok);
    if (stream === process.stdout) process.stderr.write(`The output could not be written: ${code}\n`);
    process.exit(exitCodes.failure);
  });

program.parseAsync().catch((error: unknown) => {
  if (error instanceof Error && error.cause instanceof Printed) return;
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : exitCodes.usage);
  process.stderr.write(`${saidOf(error)}\n`);
  process.exit(
    error instanceof Error && error.name === 'SettingsError' ? exitCodes.usage : exitCodeOf(error),
  );
});
