// Activities on the real worker's code (its MockActivityEnvironment), through the interceptor of examples/: one that
// succeeds, one that fails, and one that is cancelled while it runs. No workflow runs: that needs a Temporal server.
import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import {
  leaseInterceptor,
  secretOfThisActivity,
  taskActivities,
} from '../../../examples/temporal-interceptor.mjs';
import { protem, tell, tried } from './sandbox.mjs';

const needs = { countRows: { credential: 'reports-db', ttl: '5m' } };
const environment = (activityType, attempt = 1) =>
  new MockActivityEnvironment({ activityType, attempt }, { interceptors: [leaseInterceptor(protem, needs)] });
const { openTask, endTask } = taskActivities(protem);
const ask = { intent: 'count the rows', deadline: '10m' };
const task = await environment('openTask').run(openTask, ask, 'workflow-1');
tell({ task, again: await environment('openTask', 2).run(openTask, ask, 'workflow-1') });

const secrets = [];
async function countRows() {
  secrets.push(secretOfThisActivity());
  return tried(secrets.at(-1));
}
tell({ counted: await environment('countRows').run(countRows, { task }) });
const breaks = async () => {
  await countRows();
  throw new Error('the activity broke');
};
tell({
  failed: (
    await environment('countRows')
      .run(breaks, { task })
      .catch((error) => error)
  ).message,
});

const cancelled = environment('countRows', 2);
const waits = async () => {
  await countRows();
  cancelled.cancel('REQUESTED');
  await Context.current().cancelled;
};
tell({ cancelled: (await cancelled.run(waits, { task }).catch((error) => error)).name });
tell({ without: String(await environment('other').run(() => secretOfThisActivity())) });
await environment('endTask').run(endTask, task, 'completed');
tell({ secrets });
