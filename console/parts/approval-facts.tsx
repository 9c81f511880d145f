import type { ApprovalShape } from '../../src/wire/approval.js';
import { hrefOf } from '../place.js';
import { DelegationFacts } from './delegation-facts.jsx';
import { Moment } from './moment.jsx';
import { Fact, Facts, Words } from './text.jsx';

/** What the broker knows stands apart from what the agent says: the one can be decided on, the other may persuade. */
export function ApprovalFacts({ approval }: { approval: ApprovalShape }) {
  const { verified, claimed, task } = approval;
  return (
    <div class="columns">
      <section aria-label="What the broker knows" class="known">
        <h3>
          <span aria-hidden="true">✓</span> What the broker knows
        </h3>
        <Facts>
          <Fact name="Agent">
            <Words text={approval.agent} />
          </Fact>
          {verified?.agent.owner !== undefined && (
            <Fact name="Its owner">
              <Words text={verified.agent.owner} />
            </Fact>
          )}
          {verified?.agent.purpose !== undefined && (
            <Fact name="Its purpose">
              <Words text={verified.agent.purpose} />
            </Fact>
          )}
          <AskedFor approval={approval} />
          {verified && (
            <>
              <Meant verified={verified} claimed={claimed} />
              <Fact name="Asked because of">
                {verified.policies.map((policy) => (
                  <code key={policy}>{policy} </code>
                ))}
              </Fact>
              {verified.task && (
                <Fact name="Task opened by">
                  <Words text={verified.task.openedBy} />, <Moment at={verified.task.openedAt} />
                </Fact>
              )}
              {verified.task?.intent !== undefined && (
                <Fact name="Its intent">
                  <Words text={verified.task.intent} />
                </Fact>
              )}
              <TaskFacts task={verified.task} />
              <Fact name={pastUseOf(verified)}>
                {verified.pastUse.times === 0
                  ? 'never'
                  : `${verified.pastUse.times} ${verified.pastUse.times === 1 ? 'time' : 'times'}`}
                {verified.pastUse.lastAt !== undefined && (
                  <>
                    , last <Moment at={verified.pastUse.lastAt} />
                  </>
                )}
              </Fact>
              {verified.toolDeclared === false && (
                <Fact name="Tool">was not declared when the task was opened</Fact>
              )}
            </>
          )}
          {task !== undefined && (
            <Fact name="Task">
              <a href={hrefOf.task(task)}>{task}</a>
            </Fact>
          )}
        </Facts>
        {verified?.before && <Differences before={verified.before} />}
      </section>
      <section aria-label="What the agent says" class="claimed">
        <h3>
          <span aria-hidden="true">“</span> What the agent says: its own words, which prove nothing
        </h3>
        <Facts>
          {Object.entries(claimed ?? {})
            .filter(([name]) => name !== 'differences')
            .map(([name, value]) => [name, spelled(value)] as const)
            .filter(([, value]) => value !== '')
            .map(([name, value]) => (
              <Fact key={name} name={said[name] ?? name}>
                <Words text={value} />
              </Fact>
            ))}
        </Facts>
        {claimed?.differences && (
          <>
            <p class="quiet">It said otherwise the last time that it asked for this:</p>
            <DifferenceTable differences={claimed.differences} of="What it said before" />
          </>
        )}
      </section>
    </div>
  );
}

/** What its agent wants to do, before the name of what is asked for. */
export function wantOf({ request }: ApprovalShape): string {
  if ('credential' in request) return 'asks for';
  return 'agent' in request ? 'wants to delegate to' : 'wants to call';
}

/** The name of what is asked for: a credential, a tool, or an agent; never one that an agent made up, once that is known. */
export function subjectOf({ request, verified }: ApprovalShape): string {
  if ('credential' in request) return request.credential;
  if ('agent' in request)
    return verified && verified.delegation?.delegate === undefined
      ? 'an agent that the inventory does not know'
      : request.agent;
  return verified && verified.tool?.name === undefined
    ? 'a tool that the settings do not know'
    : request.tool;
}

function AskedFor({ approval }: { approval: ApprovalShape }) {
  const { request } = approval;
  if (!('credential' in request))
    return (
      <Fact name={'agent' in request ? 'Wants to delegate to' : 'Wants to call'}>
        <Words text={subjectOf(approval)} />, once
      </Fact>
    );
  return (
    <Fact name="Asks for">
      <Words text={request.credential} /> for {request.ttl}
      {Object.keys(request.parameters).length > 0 && (
        <>
          , <Words text={JSON.stringify(request.parameters)} />
        </>
      )}
    </Fact>
  );
}

type Verified = NonNullable<ApprovalShape['verified']>;

/** What the settings say of it. */
function Meant(props: { verified: Verified; claimed: ApprovalShape['claimed'] }) {
  const { entry, tool, delegation } = props.verified;
  if (delegation) return <DelegationFacts delegation={delegation} claimed={props.claimed} />;
  if (entry)
    return (
      <Fact name="That is">
        {entry.sensitivity}, {entry.environment}, risk {entry.riskTier}, at <Words text={entry.provider} />
      </Fact>
    );
  const { kind, dataClass } = tool ?? {};
  if (kind === undefined) return null;
  return (
    <Fact name="That is">
      <Words text={dataClass === undefined ? kind : `${kind}, ${dataClass} data`} />
    </Fact>
  );
}

type VerifiedTask = Verified['task'];

/** What is known of its task beyond who opened it and why. */
function TaskFacts({ task }: { task: VerifiedTask }) {
  if (!task) return null;
  const lines: (readonly [name: string, value: string | undefined])[] = [
    ['On behalf of', task.onBehalfOf],
    ['Delegated by', task.actors?.join(', ')],
    ['Its labels', pairsOf(task.labels ?? {})],
    ['Tools it declared', task.tools?.join(', ')],
    ['Tools used so far', task.chain?.tools.join(', ')],
  ];
  return (
    <>
      {lines.map(
        ([name, value]) =>
          value && (
            <Fact key={name} name={name}>
              <Words text={value} />
            </Fact>
          ),
      )}
    </>
  );
}

function pastUseOf({ entry, delegation }: Verified): string {
  if (delegation) return 'Delegated to it before';
  return entry ? 'Had it before' : 'Called it before';
}

const spelled = (value: string | readonly string[] | object = ''): string => {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(', ') : pairsOf(value);
};

const pairsOf = (labels: object): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}: ${value}`)
    .join(' · ');

const said: Record<string, string> = {
  onBehalfOf: 'on behalf of',
  dataClass: 'class of data',
  delegate: 'agent to delegate to',
  tools: 'tools for the sub-task',
  environments: 'environments for the sub-task',
  subtaskIntent: 'what the sub-task is for',
};

type Before = NonNullable<Verified['before']>;

function Differences({ before: { requestedAt, status, differences } }: { before: Before }) {
  return (
    <>
      <p class="quiet">
        The same agent asked for it <Moment at={requestedAt} />: {status}.{' '}
        {differences.length === 0
          ? 'Nothing that can be verified is different now.'
          : 'What is different now:'}
      </p>
      {differences.length > 0 && (
        <DifferenceTable differences={differences} of="Differences to what was asked before" />
      )}
    </>
  );
}

function DifferenceTable({ differences, of }: { differences: Before['differences']; of: string }) {
  return (
    <table class="small">
      <caption class="unseen">{of}</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Was</th>
          <th scope="col">Is</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ what, was, is }) => (
          <tr key={what}>
            <th scope="row">{said[what] ?? what}</th>
            <td>
              <Words text={was} />
            </td>
            <td>
              <Words text={is} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
