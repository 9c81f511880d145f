import type { ComponentChildren } from 'preact';
import { RevokeProgress } from './leases/revoke-progress.jsx';
import { held, link, paused, setPaused } from './live.js';
import { BlockBanner } from './parts/block-banner.jsx';
import { Announcements } from './parts/announce.jsx';
import { place } from './place.js';
import { session, signOut } from './session.js';

export const pageLinks: readonly (readonly [path: string, title: string])[] = [
  ['/', 'Overview'],
  ['/leases', 'Leases'],
  ['/approvals', 'Approvals'],
  ['/break-glass', 'Break-glass'],
  ['/agents', 'Agents'],
  ['/kill-switch', 'Kill switch'],
  ['/audit', 'Audit'],
];

const linkWords = {
  opening: 'Connecting',
  live: 'Live',
  away: 'The broker does not answer; trying again',
  stalled: 'The broker cannot read its state store',
} as const;

export function Shell({ children }: { children: ComponentChildren }) {
  const { path } = place.value;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <strong class="brand">Protem</strong>
        <nav aria-label="Pages">
          {pageLinks.map(([to, title]) => (
            <a
              key={to}
              href={`/console${to}`}
              aria-current={to === path || (to !== '/' && path.startsWith(`${to}/`)) ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <LiveSign />
        <span class="who">
          <bdi>{session.value?.principal}</bdi> <span class="quiet">{session.value?.roles.join(', ')}</span>
        </span>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </header>
      <Announcements />
      <RevokeProgress />
      <BlockBanner />
      <main id="main">{children}</main>
    </>
  );
}

function LiveSign() {
  const state = paused.value ? 'paused' : link.value;
  return (
    <span class={`live live-${state}`}>
      <span class="sign">
        <span aria-hidden="true">{state === 'live' ? '●' : state === 'paused' ? '❚❚' : '▲'}</span>{' '}
        {state === 'paused'
          ? `Paused${held.value > 0 ? `, ${held.value.toLocaleString()} changes wait` : ''}`
          : linkWords[state]}
      </span>
      <button type="button" onClick={() => setPaused(!paused.value)}>
        {paused.value ? 'Resume' : 'Pause'}
      </button>
    </span>
  );
}
