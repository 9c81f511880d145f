import { moment, today } from '../time.js';

/** When it was or will be, here; beside the pointer the same as the log has it, in UTC. */
export function Moment({ at }: { at: string | number }) {
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={iso}>
      {moment(at, today.value)}
    </time>
  );
}
