import { readFile } from 'node:fs/promises';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { tmpdir } from 'node:os';
import closeWithGrace from 'close-with-grace';
import type { Command } from 'commander';
import { openCaller } from './sdk/call.js';
import { tokenOf } from './cli/connect.js';
import { exchangeBy } from './cli/exchange.js';
import { UsageError } from './cli/terminal.js';
import type { DpopKey } from './sdk/index.js';
import { openPrivateFolder } from './mcp/private-folder.js';
import { openSession } from './mcp/session.js';
import { serverVerbs } from './server-verbs.js';

interface Options {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly tokenCommand?: string;
  readonly keyFile?: string;
  readonly task?: string;
  readonly intent?: string;
  readonly deadline: string;
  readonly directory: string;
}

/** `protem mcp`: a client of the API for whatever speaks MCP. Nothing but MCP goes to standard output. */
export function addMcpCommand(program: Command, version: string): void {
  program
    .command('mcp')
    .description(serverVerbs.mcp)
    .option('--url <url>', 'where the broker is (PROTEM_URL)', process.env['PROTEM_URL'])
    .option(
      '--token-file <file>',
      'file with the token of the agent, read for every call (PROTEM_TOKEN_FILE, PROTEM_TOKEN)',
    )
    .option('--token-command <command>', 'command that prints the token (PROTEM_TOKEN_COMMAND)')
    .option(
      '--key-file <file>',
      'PEM of the private key that the token is bound to, on the curve P-256 (PROTEM_KEY_FILE)',
      process.env['PROTEM_KEY_FILE'],
    )
    .option('--task <id>', 'the task to ask for (PROTEM_TASK)', process.env['PROTEM_TASK'])
    .option(
      '--intent <text>',
      'without a task: what the one that is opened is for (PROTEM_INTENT)',
      process.env['PROTEM_INTENT'],
    )
    .option('--deadline <time>', 'without a task: when the one that is opened must be over', '1h')
    .option(
      '--directory <folder>',
      'where the private folder for secrets is made (XDG_RUNTIME_DIR)',
      process.env['XDG_RUNTIME_DIR'] ?? tmpdir(),
    )
    .action(async (options: Options) => {
      const { url, keyFile, task, intent, deadline, directory } = options;
      if (url === undefined) throw new UsageError('Where is the broker? Give --url or set PROTEM_URL.');
      if (task === undefined && intent === undefined)
        throw new UsageError('Name a task (--task), or say what a new one is for (--intent).');
      const { send } = openCaller({
        url,
        token: tokenOf(process.env, options),
        fetch: exchangeBy(process.env),
        ...(keyFile !== undefined && { dpop: await readKey(keyFile) }),
      });
      const folder = await openPrivateFolder(directory);
      const session = openSession(
        send,
        folder,
        task === undefined ? { intent: intent!, deadline } : { id: task },
      );
      const { serveMcp } = await import('./mcp/serve.js');
      const serving = serveMcp(session, version);
      closeWithGrace({ delay: 10_000, logger: false }, () => serving.close());
    });
}

async function readKey(file: string): Promise<DpopKey> {
  const privateKey = createPrivateKey(await readFile(file));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
