import type { FaultKind } from './fault-kind.js';

/** What can be wrong with a task, its steps and what is delegated from it. */
export const taskFaults = {
  'task.unknown': {
    status: 404,
    title: 'No such task',
    retry: false,
    remedy: 'Open a task first, and use its id; tasks of others are not shown.',
  },
  'task.ended': {
    status: 403,
    title: 'The task has ended',
    retry: false,
    remedy: 'Open a new task for what is still to be done.',
  },
  'task.deadline_past': {
    status: 422,
    title: 'The deadline lies in the past or too far ahead',
    retry: false,
    remedy: 'Name a deadline in the future, within the longest task the settings allow.',
  },
  'task.run_full': {
    status: 429,
    title: 'The run has as many open tasks as one may have',
    retry: true,
    remedy: 'End tasks of the run that are over, or give the run another name.',
  },
  'quota.task_rate': {
    status: 429,
    title: 'Tasks are opened too often',
    retry: true,
    remedy:
      'Wait for "Retry-After" seconds; use the task that is open. An operator sets how often (limits.taskRatePerAgent).',
  },
  'task.full': {
    status: 429,
    title: 'The task has as many live leases as it may have',
    retry: true,
    remedy:
      'Give back what the task no longer needs, or open another task; an operator sets how many there may be (limits.liveLeasesPerTask, liveLeasesPerTree).',
  },
  'task.steps': {
    status: 429,
    title: 'The task has as many steps as it may have',
    retry: false,
    remedy: 'End the task and open another; an operator sets how many steps a task may have.',
  },
  'task.busy': {
    status: 409,
    title: 'Other steps of the task were faster',
    retry: true,
    remedy: 'Retry after "Retry-After" seconds; announce the steps of one task one after another.',
  },
  'delegation.wider': {
    status: 403,
    title: 'More than the parent task has',
    retry: false,
    remedy: 'Ask for no more than the parent task has; see "errors" for what was too wide.',
  },
  'delegation.cycle': {
    status: 403,
    title: 'The agent stands above the task already',
    retry: false,
    remedy: 'Delegate to an agent that did not delegate this task, or use the task that agent has.',
  },
  'delegation.may_act': {
    status: 403,
    title: 'The token names another agent',
    retry: false,
    remedy: 'Delegate to the agent that "may_act" of the token names, or use a token that names none.',
  },
  'delegation.depth': {
    status: 403,
    title: 'Too many delegations',
    retry: false,
    remedy: 'Delegate from a task that is nearer to its root; an operator sets how far it may go.',
  },
  'delegation.unproven': {
    status: 403,
    title: 'An agent above the task is not trusted any more',
    retry: false,
    remedy: 'Have the task delegated anew, by agents whose issuer or trust domain is in the settings.',
  },
  'delegation.fan_out': {
    status: 403,
    title: 'Too many sub-tasks',
    retry: false,
    remedy: 'Use the sub-tasks there are; an operator sets how many there may be.',
  },
  'step.unknown': {
    status: 403,
    title: 'No such permitted step',
    retry: false,
    remedy: 'Announce the step first, and name it together with its tool in the same task.',
  },
} as const satisfies Record<string, FaultKind>;
