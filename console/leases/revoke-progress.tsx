import { dismiss, order, takeOver, tryFailedAgain } from './revoke-many.js';
import { Words } from '../parts/text.jsx';
import { hrefOf } from '../place.js';
import { may, session } from '../session.js';

/** How far an order to revoke is; on every page, because it goes on whatever is looked at. */
export function RevokeProgress() {
  const current = order.value;
  if (!current) return null;
  const { by, ids, answered, failed, away, over } = current;
  const me = session.value?.principal;
  const [done, total] = [answered - failed.length, ids.length].map((count) => count.toLocaleString());
  return (
    <section class="note progress" aria-label="Revoking">
      <label>
        {over ? `Revocation of ${done} of ${total} ordered` : `Ordering revocations: ${done} of ${total}`}
        <progress max={ids.length} value={answered} />
      </label>
      {away && <span class="warn">The broker does not answer. It is asked again until it does.</span>}
      {!over && by !== me && (
        <>
          <span class="warn">
            <Words text={by} /> ordered this, and was signed out before it was done.
          </span>
          {may('admin') && (
            <button type="button" onClick={takeOver}>
              Continue as <Words text={me ?? ''} />
            </button>
          )}
          <button type="button" onClick={dismiss}>
            Forget it
          </button>
        </>
      )}
      {failed.length > 0 && (
        <div role="alert">
          <strong>{failed.length.toLocaleString()} could not be revoked.</strong>
          <ul>
            {failed.slice(0, 10).map(({ id, why }) => (
              <li key={id}>
                <a href={hrefOf.lease(id)}>{id}</a> {why}
              </li>
            ))}
          </ul>
          <button type="button" onClick={tryFailedAgain}>
            Try these again
          </button>
        </div>
      )}
      {over && (
        <button type="button" onClick={dismiss}>
          Close
        </button>
      )}
    </section>
  );
}
