import type { ApprovalShape } from '../../src/wire/approval.js';
import { Moment } from './moment.jsx';
import { Fact, Words } from './text.jsx';

type Delegation = NonNullable<NonNullable<ApprovalShape['verified']>['delegation']>;
type Claimed = ApprovalShape['claimed'];

/** What the broker knows of a delegation: whose it would be, the most that it could hold, and until when. */
export function DelegationFacts({ delegation, claimed }: { delegation: Delegation; claimed: Claimed }) {
  const { known, owner, purpose, allowed, depth, actors, deadline } = delegation;
  return (
    <>
      <Fact name="That agent">
        {known ? 'is in the inventory' : 'is not in the inventory: its name is what the agent says'}
      </Fact>
      <NamedFact name="Owned by" text={owner} />
      <NamedFact name="There for" text={purpose} />
      <Fact name="It could ask for">
        {allowed.map(({ credential, parameters, ...entry }) => (
          <div key={credential}>
            <Words text={credential} />: {entry.sensitivity}, {entry.environment}, risk {entry.riskTier}, at{' '}
            <Words text={entry.provider} />
            {Object.keys(parameters).length > 0 && (
              <>
                , <Words text={JSON.stringify(parameters)} />
              </>
            )}
          </div>
        ))}
      </Fact>
      <NamedFact name="With these tools alone" text={namesOf(delegation.tools, claimed?.tools)} />
      <NamedFact
        name="In these environments alone"
        text={namesOf(delegation.environments, claimed?.environments)}
      />
      <NamedFact name="Each for at most" text={delegation.maximumTtl} />
      <Fact name="Until">
        {isMoment(deadline) ? <Moment at={deadline} /> : `${deadline} after it is delegated`}
      </Fact>
      <Fact name="Who would stand above">
        <Words text={actors.join(', ')} />; delegation {depth} from the root
      </Fact>
    </>
  );
}

/** Those that the settings know, and whether there are others; undefined where there is no bound. */
const namesOf = (known: readonly string[] | undefined, unknown: readonly string[] = []): string | undefined =>
  known && ([...known, ...(unknown.length > 0 ? ['what only the agent names'] : [])].join(', ') || 'none');

const isMoment = (deadline: string): boolean => deadline.includes('T');

function NamedFact({ name, text }: { name: string; text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <Fact name={name}>
      <Words text={text} />
    </Fact>
  );
}
