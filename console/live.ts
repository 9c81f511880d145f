import { signal } from '@preact/signals';
import type { LiveChangesShape } from '../src/wire/live.js';
import { findSession, session } from './session.js';
import { heardTime } from './time.js';

export type Link = 'opening' | 'live' | 'away' | 'stalled';

/** How the live feed is doing, and when something was last heard of it. */
export const link = signal<Link>('opening');
/** The feed has begun, or was waited for long enough: what is loaded from then on misses nothing, or is loaded again. */
export const begun = signal(false);
const patienceMs = 2000;
/** Updates wait while this is set; nothing is lost by it. */
export const paused = signal(false);

interface Listener {
  readonly changes: (changes: LiveChangesShape) => void;
  /** What is shown may be behind: look at everything again. */
  readonly resync: () => void;
}

const listeners = new Set<Listener>();
let waiting: LiveChangesShape[] = [];
let missed = false;
/** How many leases have changed while paused. */
export const held = signal(0);
const mostHeld = 200;

export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function setPaused(on: boolean): void {
  paused.value = on;
  if (on) return;
  const [late, lost] = [waiting, missed];
  waiting = [];
  missed = false;
  held.value = 0;
  if (lost) for (const { resync } of listeners) resync();
  else for (const changes of late) tell(changes);
}

const tell = (changes: LiveChangesShape) => {
  for (const listener of listeners) listener.changes(changes);
};

function resync(): void {
  if (paused.value) missed = true;
  else for (const listener of listeners) listener.resync();
}

function heard(changes: LiveChangesShape): void {
  heardTime(Date.parse(changes.at));
  if (!paused.value) return tell(changes);
  held.value += changes.leases.length;
  if (waiting.length < mostHeld) waiting.push(changes);
  else missed = true;
}

let source: EventSource | undefined;

/** Follows the feed as long as somebody is signed in. The browser says by itself where it was when it comes back. */
export function follow(): void {
  if (source) return;
  const opened = new EventSource('/v1/events');
  source = opened;
  let isNew = true;
  opened.onopen = () => {
    link.value = 'live';
    // What was loaded before may have changed before it began.
    if (isNew && begun.peek()) resync();
    isNew = false;
    begun.value = true;
  };
  opened.onerror = () => {
    link.value = 'away';
    begun.value = true;
    // The browser tries again by itself, unless the answer was a refusal.
    if (opened.readyState === EventSource.CLOSED && source === opened) openAnother();
  };
  setTimeout(() => {
    if (source === opened) begun.value = true;
  }, patienceMs);
  const on = (name: string, act: (data: string) => void) =>
    opened.addEventListener(name, (message) => act((message as MessageEvent<string>).data));
  on('changes', (data) => {
    link.value = 'live';
    heard(JSON.parse(data) as LiveChangesShape);
  });
  on('resync', () => {
    link.value = 'live';
    resync();
  });
  on('stalled', () => (link.value = 'stalled'));
  on('over', () => {
    unfollow();
    session.value = null;
  });
}

function openAnother(): void {
  source = undefined;
  setTimeout(() => void findSession().then(follow, () => session.value && follow()), patienceMs);
}

export function unfollow(): void {
  source?.close();
  source = undefined;
  begun.value = false;
  link.value = 'opening';
}
