import type { Command } from 'commander';
import type { OpenTask, TaskOutcome } from '../../sdk/client.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../terminal.js';
import { acting, answerOptions } from '../verb.js';
import type { Verb } from '../verb.js';
import { listed } from '../listed.js';
import { addDelegate } from './delegate.js';

const columns = { id: 'id', state: 'state', agent: 'agent', deadline: 'deadline', intent: 'intent' };

const labelOf = (text: string, before: Readonly<Record<string, string>> = {}) => {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`"${text}" is no label: write name=text.`);
  return { ...before, [name]: value };
};

/** `protem task`: what credentials are issued for, and end with. */
export function addTasks(program: Command, terminal: Terminal): void {
  const tasks = program.command('task').description('open, see, delegate and end tasks');
  const verb = (name: string, description: string) =>
    answerOptions(tasks.command(name).description(description));

  verb('open', 'open a task')
    .requiredOption('--intent <text>', 'what it is for, in words')
    .option('--deadline <when>', 'when it has to be over: a moment, or a duration from now', '1h')
    .option('--label <name=text>', 'a label; may be given more than once', labelOf)
    .option('--on-behalf-of <who>', 'the person or system it serves')
    .option('--agent <id>', 'the agent it is for, when an orchestrator opens it')
    .option('--tool <name...>', 'the only tools that may ask for credentials')
    .action(acting(terminal, open));
  verb('ls', 'list tasks, the latest first')
    .option('--agent <id>', 'only of this agent')
    .option('--limit <number>', 'at most so many', '50')
    .action(
      acting(terminal, (one: Verb<{ agent?: string; limit: string }>) =>
        listed(one, '/v1/tasks', { agent: one.options.agent }, columns),
      ),
    );
  verb('get', 'see a task')
    .argument('<task>')
    .action(acting(terminal, async (one, task = '') => one.print(await one.client.findTask(task))));
  addDelegate(answerOptions(tasks.command('delegate')), terminal);
  verb('end', 'end a task: nothing more is issued for it, and all its leases are revoked')
    .argument('<task>')
    .option('--outcome <outcome>', 'completed, failed or cancelled', 'completed')
    .action(
      acting(terminal, async (one: Verb<{ outcome: TaskOutcome }>, task = '') =>
        one.print(await one.client.endTask(task, one.options.outcome)),
      ),
    );
}

interface OpenOptions {
  intent: string;
  deadline: string;
  label?: Record<string, string>;
  onBehalfOf?: string;
  agent?: string;
  tool?: string[];
}

async function open(one: Verb<OpenOptions>): Promise<void> {
  const { intent, deadline, label, onBehalfOf, agent, tool } = one.options;
  const ask = { intent, deadline, labels: label, onBehalfOf, agent, tools: tool };
  const given = Object.fromEntries(Object.entries(ask).filter(([, value]) => value !== undefined));
  await one.print(await one.client.openTask(given as OpenTask));
}
