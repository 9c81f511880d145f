import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { agentPage } from '../../src/wire/agent.js';
import type { blastRadius, block, blockList, revocation, revocationPage } from '../../src/wire/revocation.js';
import type { Shape } from '../../src/wire/shape.js';
import { get, post } from '../api.js';
import { listen } from '../live.js';
import { useLoaded } from '../loading.js';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { ReasonDialog } from '../parts/reason-dialog.jsx';
import { ScopeWords } from '../parts/scope-words.jsx';
import { Words } from '../parts/text.jsx';
import { may } from '../session.js';
import { counted, effectWords } from '../words.js';

type Radius = Shape<typeof blastRadius>;
type Block = Shape<typeof block>;
type Revocation = Shape<typeof revocation>;

const scopes = [
  ['agent', 'One agent', 'its whole id'],
  ['owner', 'All agents of an owner', 'the owner'],
  ['credential', 'One catalog entry', 'its name'],
  ['provider', 'One provider', 'its name'],
  ['issuer', 'All of one issuer or trust domain', 'its address or name'],
  ['task', 'One task', 'tsk_…'],
  ['all', 'Everything', ''],
] as const;

interface Chosen {
  readonly selector: Readonly<Record<string, unknown>>;
  readonly words: string;
  readonly block: boolean;
}

export function KillSwitchPage() {
  const blocks = useLoaded(
    'blocks',
    (signal, unattended) => get<Shape<typeof blockList>>('/v1/blocks', { signal, unattended }),
    15_000,
  );
  const revocations = useLoaded(
    'revocations',
    (signal, unattended) => get<Shape<typeof revocationPage>>('/v1/revocations', { signal, unattended }),
    3000,
  );
  const chosen = useSignal<Chosen | undefined>(undefined);
  const lifting = useSignal<Block | undefined>(undefined);
  const again = () => {
    blocks.again();
    revocations.again();
  };
  useEffect(() => listen({ changes: () => {}, resync: again }), []);
  const fault = blocks.fault ?? revocations.fault;
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Kill switch</h1>
        <p class="quiet">Stops issuing, and revokes what is live</p>
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {may('admin') ? (
        <Choose choose={(one) => (chosen.value = one)} />
      ) : (
        <p class="note">To use it you need the role admin.</p>
      )}
      <Blocks blocks={blocks.value?.items ?? []} lift={(one) => (lifting.value = one)} />
      <Progress revocations={revocations.value?.items ?? []} />
      {chosen.value && (
        <Confirm
          chosen={chosen.value}
          onClose={() => {
            chosen.value = undefined;
            again();
          }}
        />
      )}
      {lifting.value && (
        <ReasonDialog
          title="Lift this block"
          act="Lift it"
          bad={false}
          send={(reason) => post(`/v1/blocks/${lifting.value!.id}/lift`, { reason })}
          onClose={() => {
            lifting.value = undefined;
            again();
          }}
        >
          <p>
            <ScopeWords of={lifting.value.scope.of} name={lifting.value.scope.name} /> may be issued for
            again. What was revoked stays revoked.
          </p>
        </ReasonDialog>
      )}
    </div>
  );
}

function Choose({ choose }: { choose: (chosen: Chosen) => void }) {
  const of = useSignal<(typeof scopes)[number][0]>('agent');
  const name = useSignal('');
  const block = useSignal(true);
  const [, title, hint] = scopes.find(([kind]) => kind === of.value)!;
  const isAll = of.value === 'all';
  const agents = useLoaded('known-agents', (signal) =>
    get<Shape<typeof agentPage>>('/v1/agents?page_size=500', { signal }),
  );
  return (
    <form
      class="card filters"
      onSubmit={(event) => {
        event.preventDefault();
        const words = isAll ? 'everything' : name.value.trim();
        choose({ selector: { [of.value]: isAll ? true : words }, words, block: block.value });
      }}
    >
      <label>
        What to stop
        <select
          value={of.value}
          onChange={(event) => (of.value = event.currentTarget.value as typeof of.value)}
        >
          {scopes.map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {!isAll && (
        <label class="wide">
          {title}
          <input
            required
            list={of.value === 'agent' ? 'known-agents' : undefined}
            placeholder={hint}
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
      )}
      <datalist id="known-agents">
        {agents.value?.items.map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      {of.value !== 'task' && (
        <label class="inline">
          <input
            type="checkbox"
            checked={block.value}
            onChange={(event) => (block.value = event.currentTarget.checked)}
          />
          Nothing more is issued for it until the block is lifted
        </label>
      )}
      <button class="bad">Look at what this would end…</button>
    </form>
  );
}

/** The broker says what it would end; then it has to be typed what is meant. */
function Confirm({ chosen, onClose }: { chosen: Chosen; onClose: () => void }) {
  const { selector, words, block } = chosen;
  const radius = useLoaded(JSON.stringify(selector), () =>
    post<Radius>('/v1/revocations', { ...selector, dryRun: true }),
  );
  return (
    <ReasonDialog
      title={`Stop ${words}`}
      act={radius.value ? `Revoke ${counted(radius.value.total, 'lease')}` : 'Revoke'}
      bad
      typed={words}
      ready={radius.value !== undefined}
      send={(reason) =>
        post('/v1/revocations', { ...selector, ...('task' in selector ? {} : { block }), reason })
      }
      onClose={onClose}
    >
      {radius.fault !== undefined && <ProblemNote fault={radius.fault} retry={radius.again} />}
      {radius.value && (
        <>
          <p>
            <strong>{counted(radius.value.total, 'live lease')}</strong>
            {radius.value.approvals > 0 && ` and ${counted(radius.value.approvals, 'open approval')}`} would
            be revoked
            {block ? ', and nothing more is issued for it until the block is lifted.' : '.'}
          </p>
          {radius.value.total + radius.value.approvals === 0 && (
            <p class="note">Nothing live is reached: see that the name is right.</p>
          )}
          <div class="radius">
            <Counts title="Agents" counts={radius.value.byAgent} />
            <Counts title="Providers" counts={radius.value.byProvider} />
            <Counts title="Credentials" counts={radius.value.byCredential} />
            <Counts
              title="What revoking does"
              counts={radius.value.byEffect}
              spell={(effect) => effectWords[effect as keyof typeof effectWords] ?? effect}
            />
          </div>
        </>
      )}
    </ReasonDialog>
  );
}

function Counts(props: {
  title: string;
  counts: Readonly<Record<string, number>>;
  spell?: (name: string) => string;
}) {
  const sorted = Object.entries(props.counts).toSorted(([, a], [, b]) => b - a);
  return (
    <section>
      <h3>
        {props.title} <span class="quiet">{sorted.length}</span>
      </h3>
      <ul>
        {sorted.slice(0, 6).map(([name, count]) => (
          <li key={name}>
            <Words text={props.spell?.(name) ?? name} clip />{' '}
            <span class="quiet">{count.toLocaleString()}</span>
          </li>
        ))}
        {sorted.length > 6 && <li class="quiet">and {sorted.length - 6} more</li>}
      </ul>
    </section>
  );
}

function Blocks({ blocks, lift }: { blocks: readonly Block[]; lift: (block: Block) => void }) {
  return (
    <section class={blocks.length > 0 ? 'card bad-card' : 'card'} aria-labelledby="blocks">
      <h2 id="blocks">Nothing is issued for</h2>
      {blocks.length === 0 && (
        <p class="quiet">There is no block: everything that policy permits is issued.</p>
      )}
      <ul class="plain">
        {blocks.map((block) => (
          <li key={block.id}>
            <strong>
              <ScopeWords {...block.scope} />
            </strong>
            , by <Words text={block.by} />, <Moment at={block.at} />: <Words text={block.reason} />{' '}
            {may('admin') && !block.disabled && (
              <button type="button" onClick={() => lift(block)}>
                Lift…
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Outcome({ what, total, revoked, expired }: Revocation) {
  const over = `${(revoked + expired).toLocaleString()} of ${total.toLocaleString()}`;
  if (what === 'evaluate')
    return total === 0 ? 'every lease still passes' : `${over} that did not pass are over`;
  return total === 0 ? 'nothing was live' : `${over} over`;
}

function Progress({ revocations }: { revocations: readonly Revocation[] }) {
  if (revocations.length === 0) return null;
  return (
    <section class="card" aria-labelledby="revocations">
      <h2 id="revocations">Revoked, or looked at again, together</h2>
      <ul class="plain">
        {revocations.map((one) => (
          <li key={one.id} class="revocation">
            <label>
              <span>
                {one.what === 'evaluate' && 'Looked at again: '}
                <ScopeWords {...one.scope} />, <Moment at={one.begunAt} /> by <Words text={one.by} />:{' '}
                <Words text={one.reason} />
              </span>
              {one.total > 0 && <progress max={one.total} value={one.revoked + one.expired} />}
            </label>{' '}
            <Outcome {...one} />
            {one.stuck > 0 && (
              <strong class="bad-text" role="alert">
                , {one.stuck} cannot be revoked
              </strong>
            )}
            {one.sweptAt === undefined && <span class="quiet">, still finding more</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
