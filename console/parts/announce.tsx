import { signal } from '@preact/signals';

const said = signal('');
let saidAt = -Infinity;
const quietMs = 5000;
let waiting: ReturnType<typeof setTimeout> | undefined;

/** For those who hear the page: the gist, politely, and never more often than can be listened to. */
export function announce(text: string): void {
  clearTimeout(waiting);
  const say = () => {
    saidAt = performance.now();
    said.value = text;
  };
  waiting = setTimeout(say, Math.max(0, saidAt + quietMs - performance.now()));
}

export const Announcements = () => (
  <div role="status" class="unseen">
    {said}
  </div>
);
