import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { approvalPage, ApprovalShape } from '../../src/wire/approval.js';
import type { Shape } from '../../src/wire/shape.js';
import { get } from '../api.js';
import { listen } from '../live.js';
import { useLoaded } from '../loading.js';
import { AnswerDialog } from '../parts/answer-dialog.jsx';
import { ApprovalFacts, subjectOf, wantOf } from '../parts/approval-facts.jsx';
import { Countdown } from '../parts/countdown.jsx';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { Id, Words } from '../parts/text.jsx';
import { may, session } from '../session.js';
import { shortAgent } from '../words.js';

type ApprovalPage = Shape<typeof approvalPage>;

const path = '/v1/approvals?page_size=100';

/** Where the API sends a person to: one question, or what became of it. */
export function ApprovalPage({ id }: { id: string }) {
  const { value, fault, again } = useLoaded(
    id,
    (signal, unattended) => get<ApprovalShape>(`/v1/approvals/${id}`, { signal, unattended }),
    15_000,
  );
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>
          Approval <Id>{id}</Id>
        </h1>
        <p class="quiet">{value?.status}</p>
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value?.status === 'pending' && <OpenApproval id={id} listed={value} again={again} />}
      {value && value.status !== 'pending' && (
        <>
          <section class="card" aria-label="What was asked">
            <ApprovalFacts approval={value} />
          </section>
          <Answered approvals={[value]} />
        </>
      )}
    </div>
  );
}

/** The questions that wait for a person, the oldest first, and below them what was answered. */
export function ApprovalsPage() {
  const { value, fault, again } = useLoaded(
    'approvals',
    (signal, unattended) => get<ApprovalPage>(path, { signal, unattended }),
    15_000,
  );
  useEffect(
    () =>
      listen({
        changes: ({ counts }) => Object.keys(counts).some((type) => type.startsWith('approval')) && again(),
        resync: again,
      }),
    [],
  );
  const all = value?.items ?? [];
  const open = all
    .filter(({ status }) => status === 'pending')
    .toSorted((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1));
  const answered = all.filter(({ status }) => status !== 'pending');
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Approvals</h1>
        <p class="quiet">
          {open.length} {open.length === 1 ? 'waits' : 'wait'} for a person
        </p>
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value && open.length === 0 && <p class="empty">Nothing waits for a person.</p>}
      {open.map((approval) => (
        <OpenApproval key={approval.id} id={approval.id} listed={approval} again={again} />
      ))}
      {answered.length > 0 && <Answered approvals={answered} />}
    </div>
  );
}

/** With what a list leaves out: the facts to decide on. */
function OpenApproval({ id, listed, again }: { id: string; listed: ApprovalShape; again: () => void }) {
  const whole = useLoaded(`${id} ${listed.answers.length}`, (signal, unattended) =>
    get<ApprovalShape>(`/v1/approvals/${id}`, { signal, unattended }),
  );
  const approval = whole.value ?? listed;
  const answering = useSignal<'approve' | 'deny' | undefined>(undefined);
  return (
    <article class="card" aria-labelledby={id}>
      <h2 id={id}>
        <Words text={shortAgent(approval.agent)} clip /> {wantOf(approval)}{' '}
        <Words text={subjectOf(approval)} clip />
      </h2>
      <p class="quiet">
        asked <Moment at={approval.requestedAt} />; lapses <Countdown at={approval.expiresAt} />
        {approval.persons > 1 &&
          `; ${approval.persons} persons have to approve, ${approval.answers.length} did`}
      </p>
      {whole.fault !== undefined && <ProblemNote fault={whole.fault} retry={whole.again} />}
      <ApprovalFacts approval={approval} />
      {approval.answers.some(({ by }) => by === session.value?.principal) ? (
        <p>You have approved it. Somebody else has to as well.</p>
      ) : may('approver') ? (
        <p class="actions">
          <button type="button" onClick={() => (answering.value = 'deny')}>
            Deny…
          </button>
          <button type="button" class="main" onClick={() => (answering.value = 'approve')}>
            {'credential' in approval.request ? 'Approve, or less…' : 'Approve…'}
          </button>
        </p>
      ) : (
        <p class="quiet">To answer you need the role approver.</p>
      )}
      {answering.value && (
        <AnswerDialog
          approval={approval}
          decision={answering.value}
          onClose={() => {
            answering.value = undefined;
            again();
          }}
        />
      )}
    </article>
  );
}

function Answered({ approvals }: { approvals: readonly ApprovalShape[] }) {
  return (
    <section class="card" aria-labelledby="answered">
      <h2 id="answered">Answered</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Answered approvals">
        <table class="small">
          <caption class="unseen">Approvals that no longer wait</caption>
          <thead>
            <tr>
              <th scope="col">Asked</th>
              <th scope="col">Agent</th>
              <th scope="col">Credential, tool or agent</th>
              <th scope="col">Answer</th>
              <th scope="col">By, and why</th>
            </tr>
          </thead>
          <tbody>
            {approvals.map((approval) => (
              <tr key={approval.id}>
                <td>
                  <Moment at={approval.requestedAt} />
                </td>
                <td>
                  <Words text={shortAgent(approval.agent)} />
                </td>
                <td>
                  <Words text={subjectOf(approval)} />
                </td>
                <td>{approval.status}</td>
                <td>
                  {approval.answers.map((answer) => (
                    <Said key={answer.by + answer.at} {...answer} />
                  ))}
                  {approval.takenBack && <Said what="taken back by " {...approval.takenBack} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Said({ what = '', by, reason }: { what?: string; by: string; reason?: string | undefined }) {
  return (
    <div>
      {what}
      <Words text={by} />
      {reason !== undefined && (
        <>
          : <Words text={reason} />
        </>
      )}
    </div>
  );
}
