// Temporal (TypeScript SDK 1.24): activities that need a credential have a lease for each attempt; the task is that of
// the workflow.
//
//   const protem = new ProtemClient({ url, token });                       // from 'protem/sdk'
//   Worker.create({
//     activities: { ...activities, ...taskActivities(protem) },
//     interceptors: { activity: [leaseInterceptor(protem, { countRows: { credential: 'reports-db' } })] },
//   });
//
// In the workflow, which can do no I/O itself:
//
//   const task = await openTask({ intent, deadline: '2h' });
//   try { await countRows({ task, ... }); outcome = 'completed'; }
//   finally { await CancellationScope.nonCancellable(() => endTask(task, outcome)); }
//
// A workflow that is terminated runs no more code: then the deadline of the task ends it, or what
// docs/orchestrators/temporal.md shows.

import { AsyncLocalStorage } from 'node:async_hooks';

const attempts = new AsyncLocalStorage();

/** The credential of the activity that runs now. */
export const secretOfThisActivity = () => attempts.getStore()?.secret.reveal();

/** Activities for the workflow: the key makes the retries of an attempt that was lost one task. */
export const taskActivities = (protem) => ({
  openTask: async (ask, idempotencyKey) =>
    (await protem.openTask(ask, idempotencyKey === undefined ? {} : { idempotencyKey })).id,
  endTask: async (task, outcome) => {
    await protem.endTask(task, outcome);
  },
});

/** `needs`: by activity type, what is asked of the catalog. The first argument of such an activity has the `task`. */
export const leaseInterceptor = (protem, needs) => (context) => ({
  inbound: {
    execute: async (input, next) => {
      const { activityType } = context.info;
      const need = needs[activityType];
      if (!need) return next(input);
      const ask = { ...need, task: input.args[0].task, tool: activityType };
      return protem.withLease(ask, (lease) => attempts.run(lease, () => next(input)), {
        signal: context.cancellationSignal,
      });
    },
  },
});
