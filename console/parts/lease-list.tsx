import type { LeaseShape } from '../../src/wire/lease.js';
import { hrefOf } from '../place.js';
import { now } from '../time.js';
import { effectWords, isOver, scopeOf, troubleOf } from '../words.js';
import { Countdown } from './countdown.jsx';
import { Moment } from './moment.jsx';
import { State } from './state.jsx';
import { Words } from './text.jsx';

const mostShown = 200;

const troubledFirst = (leases: readonly LeaseShape[]): (readonly [LeaseShape, string | undefined])[] =>
  leases
    .map((lease) => [lease, troubleOf(lease, now.value)] as const)
    .toSorted(([, a], [, b]) => Number(b !== undefined) - Number(a !== undefined))
    .slice(0, mostShown);

/** A few leases, whole: those of one task, or those that something would end. */
export function LeaseList({ leases }: { leases: readonly LeaseShape[] }) {
  if (leases.length === 0) return <p class="empty">None.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Leases">
      <table class="small">
        <caption class="unseen">Leases</caption>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Lease</th>
            <th scope="col">Credential, narrowed to</th>
            <th scope="col">Ends</th>
            <th scope="col">What revoking does</th>
          </tr>
        </thead>
        <tbody>
          {troubledFirst(leases).map(([lease, trouble]) => (
            <tr key={lease.id}>
              <td>
                <State state={lease.state} />
                {trouble !== undefined && <div class="bad-text">{trouble}</div>}
              </td>
              <td>
                <a href={hrefOf.lease(lease.id)}>{lease.id}</a>
              </td>
              <td>
                <Words text={lease.credential} clip /> <span class="quiet">{scopeOf(lease)}</span>
              </td>
              <td>
                {isOver(lease) ? (
                  <Moment at={lease.revocation.endedAt ?? lease.expiresAt} />
                ) : (
                  <Countdown at={lease.expiresAt} />
                )}
              </td>
              <td>{effectWords[lease.revocation.effect]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {leases.length > mostShown && <p class="quiet">and {leases.length - mostShown} more</p>}
    </div>
  );
}
