import { useSignal } from '@preact/signals';
import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { Dialog } from '../parts/dialog.jsx';
import { Words } from '../parts/text.jsx';
import { effectWords, shortAgent } from '../words.js';
import { revokeAll } from './revoke-many.js';

/** What revoking these would end: whose they are, for what, and how surely. Nothing happens before the reason is given. */
export function RevokeDialog(props: {
  readonly leases: readonly LeaseShape[];
  readonly tasks: ReadonlyMap<string, TaskSummaryShape>;
  readonly onClose: () => void;
}) {
  const { leases, tasks, onClose } = props;
  const reason = useSignal('');
  const count = leases.length;
  return (
    <Dialog title={`Revoke ${count} lease${count === 1 ? '' : 's'}`} onClose={onClose}>
      <p>
        Their agents lose them now, in the middle of what they do. Their tasks stay open: an agent may ask
        again. To end a task, open it.
      </p>
      <div class="radius">
        <Tally title="Agents" of={leases.map(({ agent }) => shortAgent(agent))} />
        <Tally
          title="Providers"
          of={leases.map(({ provider, credential }) => `${provider}: ${credential}`)}
        />
        <Tally title="Tasks" of={leases.map(({ task }) => tasks.get(task)?.intent ?? task)} />
        <Tally
          title="What revoking does"
          of={leases.map(({ revocation }) => effectWords[revocation.effect])}
        />
      </div>
      <form
        method="dialog"
        onSubmit={() => {
          revokeAll(
            leases.map(({ id }) => id),
            reason.value.trim(),
          );
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
            Revoke {count} lease{count === 1 ? '' : 's'}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

const mostNamed = 5;

function Tally({ title, of }: { title: string; of: readonly string[] }) {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return (
    <section>
      <h3>
        {title} <span class="quiet">{counts.size}</span>
      </h3>
      <ul>
        {sorted.slice(0, mostNamed).map(([name, count]) => (
          <li key={name}>
            <Words text={name} clip /> <span class="quiet">{count}</span>
          </li>
        ))}
        {sorted.length > mostNamed && <li class="quiet">and {sorted.length - mostNamed} more</li>}
      </ul>
    </section>
  );
}
