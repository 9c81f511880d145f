import type { Command } from 'commander';
import { present } from '../../kernel/present.js';
import type { Delegate } from '../../sdk/client.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, parameterOf } from '../verb.js';
import type { Verb } from '../verb.js';

type Narrowed = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface DelegateOptions {
  intent: string;
  deadline: string;
  agent: string;
  allow: string[];
  parameter?: Narrowed;
  tool?: string[];
  environment?: string[];
  maximumTtl?: string;
  wait: boolean;
  approval?: string;
}

/** `entry/name=text`, given any number of times. @throws UsageError */
export function narrowedOf(text: string, before: Narrowed = {}): Narrowed {
  const [, entry = '', parameter = ''] = /^([^/=]+)\/(.+)$/s.exec(text) ?? [];
  if (entry === '')
    throw new UsageError(
      `"${text}" does not say of which entry: write entry/name=text, or entry/name:=json.`,
    );
  return { ...before, [entry]: parameterOf(parameter, before[entry]) };
}

/** `protem task delegate`: a narrower task for another agent, which ends with this one. */
export const addDelegate = (command: Command, terminal: Terminal): Command =>
  command
    .description('delegate a narrower task to another agent')
    .argument('<task>', 'the task that it is a part of')
    .requiredOption('--agent <id>', 'principal id of the agent that it is for')
    .requiredOption('--intent <text>', 'what it is for, in words')
    .requiredOption('--allow <entry...>', 'the catalog entries that it may ask for, and no others')
    .option('--deadline <when>', 'when it has to be over: a moment, or a duration from now', '1h')
    .option('-p, --parameter <entry/name=text>', 'the widest that a parameter of an entry may be', narrowedOf)
    .option('--tool <name...>', 'the only tools that may ask for credentials')
    .option('--environment <name...>', 'the only environments')
    .option('--maximum-ttl <duration>', 'the longest that a credential of it may last')
    .option('--no-wait', 'do not wait for a person who has to approve: exit with 5')
    .option('--approval <id>', 'delegate by the approval that this same delegation has got')
    .action(acting(terminal, delegate));

async function delegate(one: Verb<DelegateOptions>, task = ''): Promise<void> {
  const { intent, deadline, agent, allow, parameter = {}, tool, environment, maximumTtl } = one.options;
  const stray = Object.keys(parameter).find((entry) => !allow.includes(entry));
  if (stray !== undefined) throw new UsageError(`"${stray}" is narrowed, but not allowed: --allow ${stray}.`);
  const { wait, approval } = one.options;
  if (approval !== undefined && wait && one.options.curl !== true) await one.client.answered(approval);
  const allowed = allow.map((credential) => present({ credential, parameters: parameter[credential] }));
  const body = { intent, deadline, agent, allowed, tools: tool, environments: environment, maximumTtl };
  // What the narrowed parameters are, the broker says.
  const asked = { task, ...present({ ...body, approval }) } as Delegate;
  await one.print(
    await one.client.delegate(asked, {
      waitForApproval: wait,
      // It is what the call fails with then, and is told once.
      ...(!wait && { onApprovalPending: () => {} }),
    }),
  );
}
