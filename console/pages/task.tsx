import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AuditRecordShape } from '../../src/wire/audit.js';
import type { leasePage, LeaseShape } from '../../src/wire/lease.js';
import type { Shape } from '../../src/wire/shape.js';
import type { TaskShape } from '../../src/wire/task.js';
import { get, pages, post } from '../api.js';
import { listen } from '../live.js';
import { useLoaded } from '../loading.js';
import { readLog } from '../log.js';
import { ActChain, actingOf } from '../parts/act-chain.jsx';
import { Countdown } from '../parts/countdown.jsx';
import { Curl } from '../parts/curl.jsx';
import { Dialog } from '../parts/dialog.jsx';
import { LeaseList } from '../parts/lease-list.jsx';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { Fact, Facts, Id, Words } from '../parts/text.jsx';
import { Steps } from '../parts/steps.jsx';
import { SubTasks } from '../parts/sub-tasks.jsx';
import { Timeline } from '../parts/timeline.jsx';
import { ToolChain } from '../parts/tool-chain.jsx';
import { hrefOf } from '../place.js';
import { may } from '../session.js';
import { readTree } from '../task-tree.js';
import type { TaskTree } from '../task-tree.js';
import { counted, isOver } from '../words.js';

interface Found {
  readonly task: TaskShape;
  readonly leases: readonly LeaseShape[];
  readonly records: readonly AuditRecordShape[];
  readonly tree: TaskTree;
}

async function find(id: string, signal: AbortSignal, unattended: boolean): Promise<Found> {
  const leases: LeaseShape[] = [];
  const task = await get<TaskShape>(`/v1/tasks/${id}`, { signal, unattended });
  const [records, tree] = await Promise.all([
    readLog(`task=${id}`, signal, unattended),
    readTree(task, { signal, unattended }),
    pages<Shape<typeof leasePage>>(
      `/v1/leases?task=${id}&page_size=500`,
      (page) => {
        leases.push(...page.items);
        return leases.length < 2000;
      },
      { signal, unattended },
    ),
  ]);
  return { task, leases, records, tree };
}

export function TaskPage({ id }: { id: string }) {
  const { value, fault, again } = useLoaded(id, (signal, unattended) => find(id, signal, unattended), 30_000);
  useEffect(
    () =>
      listen({
        changes: ({ events }) => events.some(({ event }) => event['task'] === id) && again(),
        resync: again,
      }),
    [id],
  );
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>
          Task <Id>{id}</Id>
        </h1>
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value && <OneTask {...value} again={again} />}
    </div>
  );
}

function OneTask({ task, leases, records, tree, again }: Found & { again: () => void }) {
  const ending = useSignal(false);
  const live = leases.filter((lease) => !isOver(lease));
  const taken = tree.steps.filter((step) => step.task === task.id);
  return (
    <>
      <section class="card" aria-labelledby="what-for">
        <h2 id="what-for">What it is for</h2>
        <p class="intent">
          <Words text={task.intent} />
        </p>
        <ActChain
          {...actingOf(task, task, (agent) => tree.above.find((above) => above.agent === agent)?.id)}
        />
        <Facts>
          <Fact name="State">
            {task.state === 'open'
              ? 'open'
              : task.state === 'lapsed'
                ? 'past its deadline'
                : `ended, ${task.outcome ?? ''}`}
            {task.endedAt !== undefined && (
              <>
                {' '}
                <Moment at={task.endedAt} /> by <Words text={task.endedBy ?? ''} />
              </>
            )}
          </Fact>
          <Fact name="Agent">
            <Words text={task.agent} />
          </Fact>
          <Fact name={task.parent === undefined ? 'Opened by' : 'Delegated by'}>
            <Words text={task.actors?.[0] ?? task.openedBy} />, <Moment at={task.openedAt} />
          </Fact>
          <Fact name="On behalf of">
            <Words text={task.onBehalfOf ?? 'nobody is named'} />
          </Fact>
          <Fact name="Deadline">
            {task.state === 'open' ? <Countdown at={task.deadline} /> : <Moment at={task.deadline} />}
          </Fact>
          {task.parent !== undefined && (
            <Fact name="Delegated from">
              <a href={hrefOf.task(task.parent)}>{task.parent}</a>
            </Fact>
          )}
          {task.subtasks && task.subtasks.length > 0 && (
            <Fact name="Delegated to">
              <SubTasks ids={task.subtasks} tree={tree} />
            </Fact>
          )}
          {Object.entries(task.labels).map(([name, value]) => (
            <Fact key={name} name="Label">
              <Words text={name} />: <Words text={value} />
            </Fact>
          ))}
        </Facts>
        {task.state === 'open' && may('admin') && (
          <button class="bad" type="button" onClick={() => (ending.value = true)}>
            {task.subtasks && task.subtasks.length > 0
              ? 'End this task and its sub-tasks, and revoke their leases'
              : `End this task and revoke its ${counted(live.length, 'live lease')}`}
          </button>
        )}
      </section>
      {tree.steps.length > 0 && <ToolChain task={task} tree={tree} />}
      <section aria-labelledby="its-leases">
        <h2 id="its-leases">
          Leases{' '}
          <span class="quiet">
            {live.length} live of {leases.length}
          </span>
        </h2>
        <LeaseList leases={leases} />
      </section>
      {taken.length > 0 && <Steps taken={taken} />}
      <section aria-labelledby="story">
        <h2 id="story">What happened</h2>
        <Timeline records={records} />
      </section>
      <Curl path={`/v1/tasks/${task.id}`} />
      {ending.value && (
        <EndTask
          task={task}
          onClose={() => {
            ending.value = false;
            again();
          }}
        />
      )}
    </>
  );
}

interface Radius {
  readonly total?: number;
  readonly leases: readonly LeaseShape[];
}

/** The broker is asked what it would end before it is told to. */
function EndTask({ task, onClose }: { task: TaskShape; onClose: () => void }) {
  const reason = useSignal('');
  const fault = useSignal<unknown>(undefined);
  const radius = useLoaded(`radius ${task.id}`, () =>
    post<Radius>('/v1/revocations', { task: task.id, dryRun: true }),
  );
  const end = async (dialog: HTMLDialogElement | null) => {
    try {
      await post('/v1/revocations', { task: task.id, reason: reason.value.trim() });
      dialog?.close();
    } catch (error) {
      fault.value = error;
    }
  };
  return (
    <Dialog title="End this task" onClose={onClose}>
      <p>Nothing more is issued for it from then on, and its leases are revoked.</p>
      {radius.value && (
        <>
          <p>
            <strong>{radius.value.total ?? radius.value.leases.length}</strong> live leases end with it.
          </p>
          <LeaseList leases={radius.value.leases} />
        </>
      )}
      {(fault.value ?? radius.fault) !== undefined && <ProblemNote fault={fault.value ?? radius.fault} />}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void end(event.currentTarget.closest('dialog'));
        }}
      >
        <label>
          Reason, for the audit log
          <input
            required
            maxLength={500}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </label>
        <p class="actions">
          <button type="button" onClick={(event) => event.currentTarget.closest('dialog')?.close()}>
            Cancel
          </button>
          <button class="bad" disabled={reason.value.trim() === '' || !radius.value}>
            End the task
          </button>
        </p>
      </form>
    </Dialog>
  );
}
