import { useSignal } from '@preact/signals';
import type { agent, agentPage } from '../../src/wire/agent.js';
import type { Shape } from '../../src/wire/shape.js';
import { pages, post } from '../api.js';
import { useLoaded } from '../loading.js';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { ReasonDialog } from '../parts/reason-dialog.jsx';
import { ScopeWords } from '../parts/scope-words.jsx';
import { Words } from '../parts/text.jsx';
import { hrefOf } from '../place.js';
import { may } from '../session.js';

type Agent = Shape<typeof agent>;

const most = 2000;

async function find(signal: AbortSignal, unattended: boolean): Promise<readonly Agent[]> {
  const agents: Agent[] = [];
  await pages<Shape<typeof agentPage>>(
    '/v1/agents?page_size=500',
    (page) => {
      agents.push(...page.items);
      return agents.length < most;
    },
    { signal, unattended },
  );
  return agents;
}

const statusSigns = { enabled: '●', disabled: '■', blocked: '■', ownerless: '▲' } as const;

export function AgentsPage() {
  const { value, fault, again } = useLoaded('agents', find, 15_000);
  const changing = useSignal<{ readonly agent: Agent; readonly to: 'disable' | 'enable' } | undefined>(
    undefined,
  );
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Agents</h1>
        {value && <p class="quiet">{value.length.toLocaleString()} known</p>}
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value?.length === 0 && (
        <p class="empty">No agent is in the settings, and none has asked for anything.</p>
      )}
      {value && value.length > 0 && (
        <div class="scroll card" tabIndex={0} role="region" aria-label="Agents">
          <table class="small">
            <caption class="unseen">Agents</caption>
            <thead>
              <tr>
                <th scope="col">Agent</th>
                <th scope="col">Status</th>
                <th scope="col">Owner, purpose</th>
                <th scope="col">Last asked</th>
                <th scope="col">Live leases</th>
                <th scope="col">Risk</th>
                {may('admin') && <th scope="col">Change</th>}
              </tr>
            </thead>
            <tbody>
              {value.map((one) => (
                <Row key={one.id} one={one} change={(to) => (changing.value = { agent: one, to })} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {changing.value && (
        <ReasonDialog
          title={changing.value.to === 'disable' ? 'Disable this agent' : 'Enable this agent again'}
          act={changing.value.to === 'disable' ? 'Disable, and revoke what it has' : 'Enable'}
          bad={changing.value.to === 'disable'}
          send={(reason) =>
            post(`/v1/agents/${encodeURIComponent(changing.value!.agent.id)}/${changing.value!.to}`, {
              reason,
            })
          }
          onClose={() => {
            changing.value = undefined;
            again();
          }}
        >
          <p>
            <Words text={changing.value.agent.id} />
          </p>
          <p>
            {changing.value.to === 'disable'
              ? `It gets nothing from now on, and its ${changing.value.agent.liveLeases} live leases are revoked.`
              : 'It may ask again. What it had stays revoked.'}
          </p>
        </ReasonDialog>
      )}
    </div>
  );
}

function Row({ one, change }: { one: Agent; change: (to: 'disable' | 'enable') => void }) {
  const { id, owner, purpose, status, disabled, blockedBy, lastSeenAt, liveLeases, risk, signal } = one;
  return (
    <tr>
      <th scope="row">
        <Words text={id} />
      </th>
      <td class={status === 'enabled' ? 'good-text' : 'bad-text'}>
        <span aria-hidden="true">{statusSigns[status]}</span> {status}
        {blockedBy?.map(({ id: block, scope }) => (
          <div key={block}>
            <ScopeWords {...scope} />
          </div>
        ))}
        {disabled && (
          <div class="quiet">
            by <Words text={disabled.by} />, <Moment at={disabled.at} />: <Words text={disabled.reason} />
          </div>
        )}
      </td>
      <td>
        <Words text={owner ?? 'nobody answers for it'} />
        {purpose !== undefined && (
          <div class="quiet">
            <Words text={purpose} />
          </div>
        )}
      </td>
      <td>{lastSeenAt === undefined ? 'never' : <Moment at={lastSeenAt} />}</td>
      <td class="number">
        <a href={hrefOf.leases({ agent: id })}>{liveLeases.toLocaleString()}</a>
      </td>
      <td>
        {risk}
        {signal && (
          <div class="quiet">
            <Words text={signal.reason} />
          </div>
        )}
      </td>
      {may('admin') && (
        <td>
          <button type="button" onClick={() => change(disabled ? 'enable' : 'disable')}>
            {disabled ? 'Enable…' : 'Disable…'}
          </button>
        </td>
      )}
    </tr>
  );
}
