import type { Command } from 'commander';
import type { Acquire, ProtemClient } from '../sdk/client.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';
import { parameterOf } from './verb.js';

export interface AskOptions {
  readonly task?: string;
  readonly intent?: string;
  readonly deadline?: string;
  readonly parameter?: Readonly<Record<string, unknown>>;
  readonly ttl?: string;
  readonly tool?: string;
  readonly reason?: string;
}

/** Options of every verb that asks for a credential. */
export const askOptions = (command: Command): Command =>
  command
    .option('--task <id>', 'the task it is for (PROTEM_TASK); without one, a task is opened')
    .option('--intent <text>', 'what the task is for, when one is opened')
    .option('--deadline <when>', 'when the task has to be over, when one is opened: a moment, or such as 2h')
    .option('-p, --parameter <name=text>', 'narrow the entry; name:=json for what is not text', parameterOf)
    .option('--ttl <duration>', 'how long the credential should last, such as 15m')
    .option('--tool <name>', 'the tool that is about to use it')
    .option('--reason <text>', 'why, for the audit log');

/** For verbs that are about a task that is there already. */
export const taskOption = (command: Command): Command =>
  command.option('--task <id>', 'the task (PROTEM_TASK)');

/** @throws UsageError when none was named, or what was named is none */
export function inTask({ environment }: Terminal, named: string | undefined): string {
  const given = named ?? environment['PROTEM_TASK'] ?? '';
  if (given === '') throw new UsageError('Of which task? Give --task or set PROTEM_TASK.');
  if (!/^tsk_[0-9A-Za-z]{8}$/.test(given)) throw new UsageError(`"${given}" is not the id of a task.`);
  return given;
}

/** A task that was named, or that was opened. */
export interface TaskFor {
  readonly id: string;
  readonly opened: boolean;
}

/** The task that was named, or one that is opened. */
export async function taskFor(
  client: ProtemClient,
  terminal: Terminal,
  options: AskOptions,
  usual: { readonly intent: string; readonly deadline: string },
): Promise<TaskFor> {
  if ((options.task ?? terminal.environment['PROTEM_TASK'] ?? '') !== '')
    return { id: inTask(terminal, options.task), opened: false };
  const intent = options.intent ?? usual.intent;
  const tools = options.tool === undefined ? {} : { tools: [options.tool] };
  const task = await client.openTask({ intent, deadline: options.deadline ?? usual.deadline, ...tools });
  return { id: task.id, opened: true };
}

/** What is asked for a task. */
export const askOf = (task: string, credential: string, options: AskOptions): Acquire => ({
  task,
  credential,
  ...(options.parameter && { parameters: options.parameter }),
  ...(options.ttl !== undefined && { ttl: options.ttl }),
  ...(options.tool !== undefined && { tool: options.tool }),
  ...(options.reason !== undefined && { reason: options.reason }),
});
