import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { Dialog } from '../parts/dialog.jsx';
import { Words } from '../parts/text.jsx';
import { inSlices } from '../slices.js';
import { counted, effectWords, shortAgent } from '../words.js';
import { revokeAll } from './revoke-many.js';

interface Chosen {
  readonly leases: readonly LeaseShape[];
  readonly tasks: ReadonlyMap<string, TaskSummaryShape>;
  /** The order is given; the dialog closes after it. */
  readonly onOrdered?: () => void;
  readonly onClose: () => void;
}

/** What revoking these would end: whose they are, for what, and how surely. Nothing happens before a reason is given. */
export function RevokeDialog({ leases, tasks, onOrdered, onClose }: Chosen) {
  const reason = useSignal('');
  const those = counted(leases.length, 'lease');
  return (
    <Dialog title={`Revoke ${those}`} onClose={onClose}>
      <p>
        Their agents lose them now, in the middle of what they do. Their tasks stay open: an agent may ask
        again. To end a task, open it.
      </p>
      <div class="radius">
        <Radius leases={leases} tasks={tasks} />
      </div>
      <form
        method="dialog"
        onSubmit={() => {
          revokeAll(
            leases.map(({ id }) => id),
            reason.value.trim(),
          );
          onOrdered?.();
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
          <button class="bad" disabled={reason.value.trim() === ''}>
            Revoke {those}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

const mostNamed = 5;

interface Tally {
  readonly title: string;
  readonly different: number;
  readonly first: readonly (readonly [name: string, count: number])[];
}

/** Counted in slices: there may be a hundred thousand. */
function Radius({ leases, tasks }: Pick<Chosen, 'leases' | 'tasks'>) {
  const tallies = useSignal<readonly Tally[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    void count(leases, tasks, stop.signal).then(
      (counted) => stop.signal.aborted || (tallies.value = counted),
    );
    return () => stop.abort();
  }, [leases]);
  if (tallies.value.length === 0) return <p class="quiet">Counting…</p>;
  return tallies.value.map(({ title, different, first }) => (
    <section key={title}>
      <h3>
        {title} <span class="quiet">{different.toLocaleString()}</span>
      </h3>
      <ul>
        {first.map(([name, count]) => (
          <li key={name}>
            <Words text={name} clip /> <span class="quiet">{count.toLocaleString()}</span>
          </li>
        ))}
        {different > first.length && (
          <li class="quiet">and {(different - first.length).toLocaleString()} more</li>
        )}
      </ul>
    </section>
  ));
}

async function count(
  leases: Chosen['leases'],
  tasks: Chosen['tasks'],
  signal: AbortSignal,
): Promise<readonly Tally[]> {
  const words: readonly (readonly [title: string, of: (lease: LeaseShape) => string])[] = [
    ['Agents', ({ agent }) => shortAgent(agent)],
    ['Providers', ({ provider, credential }) => `${provider}: ${credential}`],
    ['Tasks', ({ task }) => tasks.get(task)?.intent ?? task],
    ['What revoking does', ({ revocation }) => effectWords[revocation.effect]],
  ];
  const counts = words.map(([title, of]) => ({ title, of, by: new Map<string, number>() }));
  await inSlices(
    leases,
    (lease) => {
      for (const { of, by } of counts) by.set(of(lease), (by.get(of(lease)) ?? 0) + 1);
    },
    signal,
  );
  return counts.map(({ title, by }) => ({
    title,
    different: by.size,
    first: [...by].toSorted(([, a], [, b]) => b - a).slice(0, mostNamed),
  }));
}
