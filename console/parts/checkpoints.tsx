import type { CheckpointShape, checkpointPage } from '../../src/wire/checkpoint.js';
import type { Shape } from '../../src/wire/shape.js';
import { pages } from '../api.js';
import { useLoaded } from '../loading.js';
import { Moment } from './moment.jsx';

async function latest(signal: AbortSignal, unattended: boolean): Promise<CheckpointShape | null> {
  let last: CheckpointShape | null = null;
  await pages<Shape<typeof checkpointPage>>(
    '/v1/audit/checkpoints?page_size=500',
    (page) => void (last = page.items.at(-1) ?? last),
    { signal, unattended },
  );
  return last;
}

/** How far the log is signed: up to there nobody can rewrite it, the broker included. */
export function Checkpoints() {
  const { value } = useLoaded('checkpoints', latest);
  if (value === undefined) return null;
  return (
    <p>
      {value === null ? (
        <span class="warn">
          No checkpoint of this log is signed: whoever can write to the state store could rewrite all of it.
        </span>
      ) : (
        <>
          Signed up to record <strong>{value.seq}</strong>, <Moment at={value.at} />.{' '}
          <code>protem audit verify</code> checks the signatures.
        </>
      )}
    </p>
  );
}
