import type { Command } from 'commander';
import { present } from '../../kernel/present.js';
import type { StepShape } from '../../wire/step.js';
import { inTask, taskOption } from '../asking.js';
import { exitCodes } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions } from '../verb.js';
import type { Verb } from '../verb.js';

const columns = {
  at: 'decidedAt',
  decision: 'decision',
  tool: 'tool',
  kind: 'kind',
  data: 'dataClass',
  fault: 'fault',
  approval: 'approval',
  policies: 'policies',
};

interface Announced {
  task?: string;
  target?: string;
  dataClass?: string;
  reason?: string;
  wait: boolean;
  approval?: string;
}

/** `protem step`: tool calls inside a task, announced before they are made. */
export function addSteps(program: Command, terminal: Terminal): void {
  const steps = program.command('step').description('announce and see the tool calls of a task');
  const verb = (name: string, description: string) =>
    taskOption(answerOptions(steps.command(name).description(description)));

  verb(
    'announce',
    'ask whether a tool may be called now: exit code 3 for no, 5 when a person has not answered',
  )
    .argument('<tool>', 'the tool that is about to be called')
    .option('--target <text>', 'what it is to be called on, in words')
    .option('--data-class <name>', 'the class of data that it is to touch')
    .option('--reason <text>', 'why, for the audit log')
    .option('--no-wait', 'do not wait for a person who has to approve: exit with 5')
    .option('--approval <id>', 'announce again by the approval that this same call has got')
    .action(acting(terminal, announce));
  verb('ls', 'list the latest steps of a task, the last one at the end').action(
    acting(terminal, async (one: Verb<{ task?: string }>) => {
      const { items } = (await one.client.call({ method: 'GET', path: pathOf(one) })) as { items: unknown[] };
      await one.print(items, columns);
    }),
  );
}

const pathOf = ({ terminal, options }: Verb<{ task?: string }>) =>
  `/v1/tasks/${inTask(terminal, options.task)}/steps`;

/** Whoever scripts it can tell a person who has not answered from a no, and that from having asked too often. */
function exitCodeOfStep({ decision, fault }: Pick<StepShape, 'decision' | 'fault'>): number {
  if (decision === 'permit') return exitCodes.ok;
  if (fault === 'approval.required') return exitCodes.pending;
  return fault === 'approval.limit' ? exitCodes.failure : exitCodes.denied;
}

/** What whoever does not wait has to know. */
async function askedFor({ client }: Pick<Verb, 'client'>, approval: string): Promise<string> {
  const path = `/v1/approvals/${approval}`;
  const { url } = (await client.call({ method: 'GET', path }).catch(() => ({ url: approval }))) as {
    url: string;
  };
  return `A person has to approve this: ${url}\nThen announce the same call with --approval ${approval}.`;
}

async function announce(one: Verb<Announced>, tool = ''): Promise<void> {
  const { target, dataClass, reason, wait, approval } = one.options;
  const task = inTask(one.terminal, one.options.task);
  const call = present({ task, tool, target, dataClass, reason, approval });
  if (approval !== undefined && wait && one.options.curl !== true) await one.client.answered(approval);
  const step = await one.client.announce(call, { waitForApproval: wait });
  await one.print(step);
  if (step.decision === 'ask' && step.approval !== undefined) one.say(await askedFor(one, step.approval));
  else if (step.remedy !== undefined) one.say(`${step.detail ?? ''} ${step.remedy}`.trim());
  process.exitCode = exitCodeOfStep(step);
}
