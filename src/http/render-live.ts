import type { Changes } from '../broker/live-feed.js';
import type { Overview } from '../broker/overview.js';
import type { LiveChangesShape, OverviewShape } from '../wire/live.js';
import { instant } from './instant.js';
import { renderLease, renderTaskSummary } from './render.js';

const texts = new WeakMap<Changes, string>();

/** As JSON; made once, however many are told. */
export function renderChanges(changes: Changes): string {
  const known = texts.get(changes);
  if (known !== undefined) return known;
  const { at, events, counts, leases, tasks } = changes;
  const shape: LiveChangesShape = {
    at: instant(at),
    events: events.map(({ id, at: when, event }) => ({
      id,
      at: instant(when),
      event: { ...event },
    })),
    counts,
    leases: leases.map(renderLease),
    tasks: Object.fromEntries(tasks.map((task) => [task.id, renderTaskSummary(task)])),
  };
  const text = JSON.stringify(shape);
  texts.set(changes, text);
  return text;
}

export const renderOverview = ({ at, leases, overdue, quarantined, course }: Overview): OverviewShape => ({
  at: instant(at),
  leases,
  overdue,
  quarantined,
  course: { ...course, live: [...course.live] },
});
