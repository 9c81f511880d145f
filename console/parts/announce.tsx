import { signal } from '@preact/signals';

const said = signal('');
let saidAt = -Infinity;
const quietMs = 5000;

/** For those who hear the page: the gist, politely, and never more often than can be listened to. */
export function announce(text: string): void {
  const now = performance.now();
  if (text === said.peek() || now - saidAt < quietMs) return;
  saidAt = now;
  said.value = text;
}

export const Announcements = () => (
  <div role="status" class="unseen">
    {said}
  </div>
);
