import type { Command } from 'commander';
import { addAgents } from './commands/agents.js';
import { addBreakGlass } from './commands/break-glass.js';
import { addCatalog } from './commands/catalog.js';
import { addCompletion } from './commands/completion.js';
import { addExports } from './commands/export.js';
import { addKill } from './commands/kill.js';
import { addLeases } from './commands/lease.js';
import { addOperators } from './commands/operator.js';
import { addRevocations } from './commands/revocations.js';
import { addRun } from './commands/run.js';
import { addServeCredentials } from './commands/serve-credentials.js';
import { addSteps } from './commands/step.js';
import { addTasks } from './commands/task.js';
import { addWebhooks } from './commands/webhook.js';
import type { Terminal } from './terminal.js';

/** Every verb that is a client of the HTTP API. What they need to act is loaded when they do. */
export function addClientCommands(program: Command, terminal: Terminal): void {
  addRun(program, terminal);
  addExports(program, terminal);
  addServeCredentials(program, terminal);
  addTasks(program, terminal);
  addSteps(program, terminal);
  addCatalog(program, terminal);
  addLeases(program, terminal);
  addOperators(program, terminal);
  addBreakGlass(program, terminal);
  addKill(program, terminal);
  addRevocations(program, terminal);
  addAgents(program, terminal);
  addWebhooks(program, terminal);
  addCompletion(program, terminal);
}
