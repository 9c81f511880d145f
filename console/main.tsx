import 'uplot/dist/uPlot.min.css';
import './style.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { begun, follow, unfollow } from './live.js';
import { carryOn } from './leases/revoke-many.js';
import { AgentsPage } from './pages/agents.jsx';
import { ApprovalPage, ApprovalsPage } from './pages/approvals.jsx';
import { AuditPage } from './pages/audit.jsx';
import { BreakGlassPage } from './pages/break-glass.jsx';
import { KillSwitchPage } from './pages/kill-switch.jsx';
import { LeasePage } from './pages/lease.jsx';
import { LeasesPage } from './pages/leases.jsx';
import { OverviewPage } from './pages/overview.jsx';
import { SignedOut } from './pages/signed-out.jsx';
import { TaskPage } from './pages/task.jsx';
import { place } from './place.js';
import { findSession, session } from './session.js';
import { pageLinks, Shell } from './shell.jsx';

function Page() {
  const [, first = '', id = ''] = place.value.path.split('/');
  switch (first) {
    case '':
      return <OverviewPage />;
    case 'leases':
      return id === '' ? <LeasesPage /> : <LeasePage key={id} id={id} />;
    case 'tasks':
      return <TaskPage key={id} id={id} />;
    case 'approvals':
      return id === '' ? <ApprovalsPage /> : <ApprovalPage key={id} id={id} />;
    case 'break-glass':
      return <BreakGlassPage />;
    case 'agents':
      return <AgentsPage />;
    case 'kill-switch':
      return <KillSwitchPage />;
    case 'audit':
      return <AuditPage />;
    default:
      return (
        <div class="page">
          <h1 tabIndex={-1}>There is no such page</h1>
          <a href="/console/">To the overview</a>
        </div>
      );
  }
}

function Console() {
  if (session.value === undefined) return <main class="signed-out">Loading…</main>;
  if (session.value === null) return <SignedOut />;
  return <Shell>{begun.value ? <Page /> : <p class="page quiet">Loading…</p>}</Shell>;
}

effect(() => {
  const [, first = '', id = ''] = place.value.path.split('/');
  const name = pageLinks.find(([path]) => path === `/${first}`)?.[1] ?? 'Task';
  document.title = `${id === '' ? name : `${name} ${id}`} · Protem`;
});

effect(() => {
  if (session.value) {
    follow();
    carryOn();
  } else unfollow();
});

findSession().catch(() => {});
render(<Console />, document.getElementById('console')!);
